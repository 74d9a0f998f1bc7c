/* SPDX-License-Identifier: MIT */
/*
 * Checksum: CRC-32 (that of Ethernet and zlib), against bytes that a disk or a
 * program got wrong. It keeps nobody out who means it.
 */
#pragma once

#include <stdint.h>

#include "base/slice.h"

/* Of what came before, 0 at the beginning, and of these bytes behind it. */
uint32_t checksum_add(uint32_t before, struct slice bytes);
