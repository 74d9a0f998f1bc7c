# SPDX-License-Identifier: MIT
# Macros of our own, so that configure needs no archive of macros to be made.

# PRESENCED_PROBE_CFLAGS(VARIABLE, FLAGS)
# Appends to VARIABLE each of FLAGS that the compiler takes without a word.
# clang only warns of a -W it does not know, so the probe runs under -Werror;
# gcc is silent about an unknown -Wno-x, so give it no such flag to probe.
AC_DEFUN([PRESENCED_PROBE_CFLAGS], [
for flag in $2; do
	AS_VAR_PUSHDEF([presenced_cache], [presenced_cv_cc_$flag])
	AC_CACHE_CHECK([whether $CC takes $flag], [presenced_cache], [
		presenced_save_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS -Werror $flag"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([presenced_cache], [yes])],
			[AS_VAR_SET([presenced_cache], [no])])
		CFLAGS=$presenced_save_CFLAGS
	])
	AS_VAR_IF([presenced_cache], [yes], [AS_VAR_APPEND([$1], [" $flag"])])
	AS_VAR_POPDEF([presenced_cache])
done
])

# PRESENCED_PROBE_LDFLAGS(VARIABLE, FLAGS)
# The same for the linker.
AC_DEFUN([PRESENCED_PROBE_LDFLAGS], [
for flag in $2; do
	AS_VAR_PUSHDEF([presenced_cache], [presenced_cv_ld_$flag])
	AC_CACHE_CHECK([whether the linker takes $flag], [presenced_cache], [
		presenced_save_LDFLAGS=$LDFLAGS
		LDFLAGS="$LDFLAGS -Werror $flag"
		AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
			[AS_VAR_SET([presenced_cache], [yes])],
			[AS_VAR_SET([presenced_cache], [no])])
		LDFLAGS=$presenced_save_LDFLAGS
	])
	AS_VAR_IF([presenced_cache], [yes], [AS_VAR_APPEND([$1], [" $flag"])])
	AS_VAR_POPDEF([presenced_cache])
done
])

# PRESENCED_NEED(VARIABLE, MODULE, DEBIAN-PACKAGE)
# A library we cannot do without. What is missing is collected, so that
# PRESENCED_NEEDS_MET can name everything at once.
AC_DEFUN([PRESENCED_NEED], [
PKG_CHECK_MODULES([$1], [$2], [],
	[AS_VAR_APPEND([presenced_missing], ["
  $2 (Debian: $3)"])])
])

# PRESENCED_NEEDS_MET
AC_DEFUN([PRESENCED_NEEDS_MET], [
AS_IF([test -n "$presenced_missing"],
	[AC_MSG_ERROR([missing:$presenced_missing
./bootstrap installs what is missing where it can.])])
])
