# SPDX-License-Identifier: MIT
# How the tests run, and the checks of the tree itself.

TEST_EXTENSIONS = .py .sh
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_COMPILER = $(SHELL)

# What a test may rely on. Proxies and sockets of whoever runs the tests are
# not for the daemons they start. A case of libcheck has forty seconds before it
# is said to hang: in four, its own bound, a busy machine may not have run it.
AM_TESTS_ENVIRONMENT = \
	abs_top_srcdir='$(abs_top_srcdir)'; export abs_top_srcdir; \
	abs_top_builddir='$(abs_top_builddir)'; export abs_top_builddir; \
	CC='$(CC)'; export CC; \
	have_check='$(have_check)'; export have_check; \
	CK_TIMEOUT_MULTIPLIER=10; export CK_TIMEOUT_MULTIPLIER; \
	LC_ALL=C.UTF-8; export LC_ALL; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY \
		PRESENCED_SOCKET NOTIFY_SOCKET LISTEN_FDS LISTEN_PID \
		STATE_DIRECTORY CREDENTIALS_DIRECTORY || :;

# Leaks are looked for when a process ends, so cases share one; and a test
# that asks for too much memory wants to hear no, not to be ended.
if WITH_SANITIZERS
AM_TESTS_ENVIRONMENT += \
	CK_FORK=no; export CK_FORK; \
	ASAN_OPTIONS=detect_stack_use_after_return=1:allocator_may_return_null=1; \
	export ASAN_OPTIONS; \
	UBSAN_OPTIONS=print_stacktrace=1; export UBSAN_OPTIONS;
endif

dist_check_SCRIPTS += tests/check-floors tests/check-banned \
	tests/check-globals tests/check-format tests/check-checks \
	tests/check-rooms tests/check-catalog
TESTS += tests/check-floors tests/check-banned tests/check-checks \
	tests/check-rooms tests/check-catalog
if PLAIN_OBJECTS
TESTS += tests/check-globals
endif

EXTRA_DIST += tests/tally tests/hooks/pre-commit

# The test programs again, under valgrind, which forked cases would escape.
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full \
	--show-leak-kinds=definite,indirect,possible \
	--errors-for-leak-kinds=definite,indirect,possible
.PHONY: check-valgrind
check-valgrind: all
	@test -n '$(VALGRIND)' || { echo 'configure found no valgrind'; exit 1; }
	@programs=; for test in $(TESTS); do \
		case ' $(check_PROGRAMS) ' in \
		*" $$test "*) programs="$$programs $$test" ;; \
		esac; \
	done; \
	CK_FORK=no $(MAKE) $(AM_MAKEFLAGS) check TESTS="$$programs" \
		LOG_COMPILER='$(LIBTOOL) --mode=execute $(VALGRIND) $(VALGRIND_FLAGS)'
