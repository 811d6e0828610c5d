// Blocks of a slice that are seen through a window: see patches.glsl. Of what a thread loads slice after slice,
// all that stays the same is worked out once a tile.
ivec2 radix;               // of the terms: places of an image; columns and channels of the window
ivec3 pace;                // the digits of BK
ivec3 digit[LOADS];        // of the first term of each of this thread's blocks
#ifdef PATCHES_A
ivec3 spots[LOADS * 4];    // the pixel under the window at each place of a block
#else
ivec3 taps[LOADS];         // the first tap of a block's columns
#endif

// aim makes this thread ready for the tile at [row, col], from term p on.
void aim(int row, int col, int p) {
#ifdef PATCHES_A
	radix = ivec2(window.y, channels);
#else
	radix = places;
#endif
	pace = digits(BK, radix);
	for (int q = 0; q < LOADS; q++) {
		int l = int(gl_LocalInvocationIndex) + q * THREADS;
#ifdef PATCHES_A
		digit[q] = tap_of(p + (l < QA ? l % (BK / 4) : (l - QA) / (BN / 4)) * 4);
		for (int i = 0; i < 4; i++) {
			int place = row + l / (BK / 4) * 4 + i;
			spots[q * 4 + i] = place < m ? under(digits(row0 + place, places)) : nowhere;
		}
#else
		digit[q] = digits(dep0 + p + (l - QA) / (BN / 4) * 4, places);
		taps[q] = tap_of(col + (l - QA) % (BN / 4) * 4);
#endif
	}
}

// seen is what four taps see, from one on, at the place whose first tap is over the given pixel.
vec4 seen(ivec3 first, ivec3 tap) {
#ifdef VEC
	return inside(first, tap) ? IMAGES[address(first, tap) >> 2] : vec4(0.0);
#else
	vec4 v = vec4(0.0);
	for (int i = 0; i < 4; i++) {
		if (inside(first, tap))
			v[i] = IMAGES[address(first, tap)];
		tap = plus(tap, ivec3(0, 0, 1), ivec2(window.y, channels));
	}
	return v;
#endif
}

#ifdef PATCHES_A

// patches_a is four places by four taps, the taps side by side in memory.
mat4 patches_a(int q) {
	return transpose(mat4(seen(spots[q * 4], digit[q]), seen(spots[q * 4 + 1], digit[q]),
		seen(spots[q * 4 + 2], digit[q]), seen(spots[q * 4 + 3], digit[q])));
}

#else

// patches_b is the same with places for rows: they are terms p to p + 3.
mat4 patches_b(int q, int p, int end) {
	mat4 v = mat4(0.0);
	ivec3 place = digit[q];
	for (int i = 0; i < 4; i++) {
		if (p + i < end)
			v[i] = seen(under(place), taps[q]);
		place = plus(place, ivec3(0, 0, 1), places);
	}
	return v;
}

#endif

#ifdef ADJOINT

// weights_b is four taps by four columns of W.
mat4 weights_b(int q, int col) {
	mat4 v = mat4(0.0);
	ivec3 tap = digit[q];
	for (int i = 0; i < 4; i++) {
		if (tap.x < window.x && col < n)
			v[i] = b_run(weights(tap) + col, n - col);
#ifdef VEC
		tap.z++; // four channels of one pixel
#else
		tap = plus(tap, ivec3(0, 0, 1), radix);
#endif
	}
	return v;
}

#endif
