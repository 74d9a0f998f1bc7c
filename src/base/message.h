/* SPDX-License-Identifier: MIT */
/*
 * Messages: the names of those lines of the log that the journal's catalogue
 * explains (etc/presenced.catalog): what happened, and what to do about it.
 *
 *	log_error(LOG_TEXT("..."), LOG_ID(MESSAGE_X), ...);
 *
 * Law: a name never changes its meaning and is never used again, since people
 *      search their journals for it; tests/check-catalog holds the two lists
 *      against each other.
 */
#pragma once

#define MESSAGE_CONFIG_REFUSED   "da81e53e523e45538e4ecd36bdae1cdc"
#define MESSAGE_RELOAD_REFUSED   "fd6bfdb034e94525b4585b9e74459b07"
#define MESSAGE_UPSTREAM_FAILS   "3bc16d6a4a4244dc843311dcbac0fe20"
#define MESSAGE_UPSTREAM_BACK    "1c8d64b8cda0486e851c3e6c280e7d08"
#define MESSAGE_SECRET_UNUSABLE  "4fbf968d082c4fb180b7d48083ff7173"
#define MESSAGE_FEW_DESCRIPTORS  "5a32e6bc861b4acbb2da44434374b92f"
#define MESSAGE_DRAIN_CUT_SHORT  "d5a3007de320453c9eabfaea495e37da"
#define MESSAGE_SNAPSHOT_REFUSED "b82c322e0d6c465e82b1dab1148d67f3"
#define MESSAGE_SNAPSHOT_FAILED  "4ca55a9547a14f5ea5871bd900c0efd9"
#define MESSAGE_NOTHING_IS_ASKED "8c8a1af4f72c4d30aca0fe28335c81d1"
