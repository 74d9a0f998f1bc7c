/* SPDX-License-Identifier: MIT */
/*
 * Teller: what there is to tell of a channel's people becomes an item in its
 * "-pnpres", unless a fault has it lost, told twice, or told late.
 *
 * Ownership: the teller owns what is late; faults and timetokens are borrowed
 *            and outlive it, and so do the realms it is told of.
 * Errors:    -ENOMEM from teller_new(). An item for which there is no memory is
 *            not told, and counted.
 * Law:       who is late is told after the next one of their channel, with the
 *            time of what happened and the place of now; or after LATE_USEC,
 *            when nothing comes. Of a channel one is late at a time, of all
 *            LATE_MAX; whoever else would be is told at once.
 */
#pragma once

#include "base/macro.h"
#include "emulator/faults.h"
#include "emulator/look.h"
#include "emulator/presence.h"
#include "emulator/realms.h"
#include "emulator/timetoken.h"

#define LATE_MAX  100
#define LATE_USEC USEC_PER_SEC

struct teller;

int teller_new(enum look look, struct faults *faults,
    struct timetokens *timetokens, struct teller **ret);
struct teller *teller_free(struct teller *teller);
DEFINE_CLEANUP(struct teller *, teller_free);

void teller_tell(struct teller *teller, struct realm *realm,
    struct slice channel, const struct presence *presence);
/* Forgets who is late. */
void teller_clear(struct teller *teller);
/* For which there was no memory. */
uint64_t teller_n_untold(const struct teller *teller);
