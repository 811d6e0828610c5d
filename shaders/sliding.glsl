// Blocks of a slice that are read through a window: see patches.glsl. The parts of a thread's addresses that stay the
// same from slice to slice are computed once a tile.
// Defines: WHOLE: of A, where channels are a multiple of BK, and the window has at most 32 taps: all of a slice then
// belongs to one tap, and a bit for each tap tells whether it lies on a pixel; ROWS: of B, where a row of positions is
// a multiple of four: the four of a block are then neighbours in one.
#ifdef WHOLE

ivec3 tap; // of the next slice: row and column of the window, channel
#unroll q LOADS
int spot1_$q, spot2_$q, spot3_$q, spot4_$q;      // the address of each position's first tap, or the address it would have
uint there1_$q, there2_$q, there3_$q, there4_$q; // the taps that lie on a pixel
#end

// taps_there are the taps inside the image, for a window whose first tap is over the given pixel.
uint taps_there(ivec2 first) {
	ivec2 from = max(-first, ivec2(0)), to = min(image.xy - first, window);
	uint across = to.y > from.y ? (1u << to.y) - (1u << from.y) : 0u, all = 0u;
	for (int r = from.x; r < to.x; r++)
		all |= across << (r * window.y);
	return all;
}

void spot(int place, int channel, out int at, out uint there) {
	ivec3 first = under(digits(row0 + place, places));
	at = CELLS(first.z + channel);
	there = place < m ? taps_there(first.xy) : 0u;
}

void slide_from(int row, int col, int p) {
	tap = tap_of(p);
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
		if (l < QA) {
			int place = row + l / (BK / 4) * 4, channel = l % (BK / 4) * 4;
			spot(place, channel, spot1_$q, there1_$q);
			spot(place + 1, channel, spot2_$q, there2_$q);
			spot(place + 2, channel, spot3_$q, there3_$q);
			spot(place + 3, channel, spot4_$q, there4_$q);
		}
	}
#end
}

// slide_on advances to the next slice.
void slide_on() {
	if ((tap.z += BK) == channels) {
		tap.z = 0;
		if (++tap.y == window.y) {
			tap.y = 0;
			tap.x++;
		}
	}
}

// patches_a is four positions by four channels, side by side in memory.
void patches_a(int spot1, int spot2, int spot3, int spot4, uint there1, uint there2, uint there3, uint there4,
	out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	int off = CELLS((tap.x * image.y + tap.y) * ld[SEEN / 4][SEEN % 4] + tap.z);
	uint bit = 1u << (tap.x * window.y + tap.y);
#unroll i 4
	v$(i+1) = (there$(i+1) & bit) != 0u ? HELD_IMAGES(spot$(i+1) + off) : NOTHING;
#end
}

#ifdef ADJOINT

// weights_b is four channels from one on by four columns of W.
void weights_b(int channel, int col, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	int at = CELLS(weights(tap + ivec3(0, 0, channel)) + col), step = CELLS(ld[0][2]);
#unroll i 4
	v$(i+1) = col < n ? HELD_B(at + $i * step) : NOTHING;
#end
}

#endif

#else

ivec2 radix;               // of the terms: positions of an image; columns and channels of the window
ivec3 pace;                // the digits of BK
#unroll q LOADS
ivec3 digit_$q;            // of the first term of each of this thread's blocks
#ifdef PATCHES_A
ivec3 spot1_$q, spot2_$q, spot3_$q, spot4_$q; // the pixel under the window at each position of a block
#else
ivec3 taps_$q;             // the first tap of a block's columns
#endif
#end

ivec3 spot(int place) { return place < m ? under(digits(row0 + place, places)) : nowhere; }

// slide_from prepares this thread for the tile at [row, col], from term p on.
void slide_from(int row, int col, int p) {
#ifdef PATCHES_A
	radix = ivec2(window.y, channels);
#else
	radix = places;
#endif
	pace = digits(BK, radix);
#unroll q LOADS
	{
		int l = int(gl_LocalInvocationIndex) + $q * THREADS;
#ifdef PATCHES_A
		digit_$q = tap_of(p + (l < QA ? l % (BK / 4) : (l - QA) / (BN / 4)) * 4);
		int place = row + l / (BK / 4) * 4;
		spot1_$q = spot(place);
		spot2_$q = spot(place + 1);
		spot3_$q = spot(place + 2);
		spot4_$q = spot(place + 3);
#else
		digit_$q = digits(dep0 + p + (l - QA) / (BN / 4) * 4, places);
		taps_$q = tap_of(col + (l - QA) % (BN / 4) * 4);
#endif
	}
#end
}

// slide_on advances to the next slice.
void slide_on() {
#unroll q LOADS
	digit_$q = plus(digit_$q, pace, radix);
#end
}

// seen is the numbers under four taps, from one on, at the position whose first tap is over the given pixel.
HOLD seen(ivec3 first, ivec3 tap) {
#ifdef VEC
	return inside(first, tap) ? HELD_IMAGES(address(first, tap) >> 2) : NOTHING;
#else
	vec4 v = vec4(0.0);
#unroll i 4
	if (inside(first, tap))
		v[$i] = READ_IMAGES(address(first, tap));
	tap = plus(tap, ivec3(0, 0, 1), ivec2(window.y, channels));
#end
	return HELD(v);
#endif
}

#ifdef PATCHES_A

// patches_a is four positions by four taps, the taps side by side in memory.
void patches_a(ivec3 spot1, ivec3 spot2, ivec3 spot3, ivec3 spot4, ivec3 tap, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	v1 = seen(spot1, tap);
	v2 = seen(spot2, tap);
	v3 = seen(spot3, tap);
	v4 = seen(spot4, tap);
}

#elif defined(ROWS)

// patches_b is the same with positions for rows: they are terms, of which left remain, and neighbours in a row of
// positions.
void patches_b(ivec3 tap, ivec3 place, int left, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
	ivec3 first = under(place);
	int at = CELLS(address(first, tap)), step = stride * CELLS(ld[SEEN / 4][SEEN % 4]), x = first.y + tap.y;
	bool row = left > 0 && tap.x < window.x && uint(first.x + tap.x) < uint(image.x);
#unroll i 4
	v$(i+1) = row && uint(x + $i * stride) < uint(image.y) ? HELD_IMAGES(at + $i * step) : NOTHING;
#end
}

#else

// patches_b is the same with positions for rows: they are terms, of which left remain.
void patches_b(ivec3 tap, ivec3 place, int left, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
#unroll i 4
	v$(i+1) = left > $i ? seen(under(place), tap) : NOTHING;
	place = plus(place, ivec3(0, 0, 1), places);
#end
}

#endif

#ifdef ADJOINT

// weights_b is four taps by four columns of W.
void weights_b(ivec3 tap, int col, out HOLD v1, out HOLD v2, out HOLD v3, out HOLD v4) {
#unroll i 4
	v$(i+1) = tap.x < window.x ? b_run(weights(tap) + col, n - col) : NOTHING;
#ifdef VEC
	tap.z++; // four channels of one pixel
#else
	tap = plus(tap, ivec3(0, 0, 1), radix);
#endif
#end
}

#endif

#endif
