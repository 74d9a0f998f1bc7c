/* SPDX-License-Identifier: MIT */
/*
 * Names: whether an object has the same one twice. For json_parse.c only.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"

/*
 * Looks at a finished object, whose names' "next" are set. JSON_OK,
 * JSON_DUPLICATE with the second of them in *ret_name, or -ENOMEM.
 */
int json_names_check(
    struct json_doc *doc, const struct json_node *object, uint32_t *ret_name);
