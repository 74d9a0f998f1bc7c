/* SPDX-License-Identifier: MIT */
/*
 * Checksum: see the header. Four bits at a time, for a table that can be read:
 * sixteen remainders instead of 256.
 */
#include "base/checksum.h"

uint32_t
checksum_add(uint32_t before, struct slice bytes)
{
	static const uint32_t remainders[16] = {0x00000000, 0x1db71064,
	    0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158,
	    0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
	    0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t sum = ~before;

	for (size_t i = 0; i < bytes.n; i++) {
		sum ^= (unsigned char)bytes.data[i];
		sum = sum >> 4 ^ remainders[sum & 15];
		sum = sum >> 4 ^ remainders[sum & 15];
	}
	return ~sum;
}
