// SPDX-License-Identifier: GPL-2.0
#include "text.h"

#include <stdint.h>

/* The first code point that takes so many bytes. */
static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

#define C1_END		0xa0	/* below: what controls terminals */
#define SURROGATES	0xd800
#define SURROGATES_END	0xe000
#define UNICODE_END	0x110000

size_t text_character(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t bytes, i;
	uint32_t code;

	if (*s < 0x80)
		return *s >= ' ' && *s != 0x7f;
	if (*s < 0xc0 || *s >= 0xf8)
		return 0;
	bytes = *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;
	code = *s & (0x7fU >> bytes);
	for (i = 1; i < bytes; i++) {
		/* A text that ends here has a 0 here. */
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[bytes] || code < C1_END || code >= UNICODE_END ||
	    (code >= SURROGATES && code < SURROGATES_END))
		return 0;
	return bytes;
}

char *text_clean(char *text)
{
	char *at = text;
	size_t bytes;

	while (*at) {
		bytes = text_character(at);
		if (!bytes) {
			*at = '?';
			bytes = 1;
		}
		at += bytes;
	}
	return text;
}
