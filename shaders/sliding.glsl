// Blocks of a slice that are seen through a window: see patches.glsl. Of what a thread loads slice after slice,
// all that stays the same is worked out once a tile.
ivec2 radix;               // of the terms: places of an image; columns and channels of the window
ivec3 pace;                // the digits of BK
#unroll q LOADS
ivec3 digit_$q;            // of the first term of each of this thread's blocks
#ifdef PATCHES_A
ivec3 spot1_$q, spot2_$q, spot3_$q, spot4_$q; // the pixel under the window at each place of a block
#else
ivec3 taps_$q;             // the first tap of a block's columns
#endif
#end

ivec3 spot(int place) { return place < m ? under(digits(row0 + place, places)) : nowhere; }

// slide_from makes this thread ready for the tile at [row, col], from term p on.
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

// seen is what four taps see, from one on, at the place whose first tap is over the given pixel.
vec4 seen(ivec3 first, ivec3 tap) {
#ifdef VEC
	return inside(first, tap) ? IMAGES[address(first, tap) >> 2] : vec4(0.0);
#else
	vec4 v = vec4(0.0);
#unroll i 4
	if (inside(first, tap))
		v[$i] = IMAGES[address(first, tap)];
	tap = plus(tap, ivec3(0, 0, 1), ivec2(window.y, channels));
#end
	return v;
#endif
}

#ifdef PATCHES_A

// patches_a is four places by four taps, the taps side by side in memory.
void patches_a(ivec3 spot1, ivec3 spot2, ivec3 spot3, ivec3 spot4, ivec3 tap, out vec4 v1, out vec4 v2, out vec4 v3, out vec4 v4) {
	vec4 r1 = seen(spot1, tap), r2 = seen(spot2, tap), r3 = seen(spot3, tap), r4 = seen(spot4, tap);
	v1 = vec4(r1.x, r2.x, r3.x, r4.x);
	v2 = vec4(r1.y, r2.y, r3.y, r4.y);
	v3 = vec4(r1.z, r2.z, r3.z, r4.z);
	v4 = vec4(r1.w, r2.w, r3.w, r4.w);
}

#else

// patches_b is the same with places for rows: they are terms, of which so many are left.
void patches_b(ivec3 tap, ivec3 place, int left, out vec4 v1, out vec4 v2, out vec4 v3, out vec4 v4) {
#unroll i 4
	v$(i+1) = left > $i ? seen(under(place), tap) : vec4(0.0);
	place = plus(place, ivec3(0, 0, 1), places);
#end
}

#endif

#ifdef ADJOINT

// weights_b is four taps by four columns of W.
void weights_b(ivec3 tap, int col, out vec4 v1, out vec4 v2, out vec4 v3, out vec4 v4) {
#unroll i 4
	v$(i+1) = tap.x < window.x ? b_run(weights(tap) + col, n - col) : vec4(0.0);
#ifdef VEC
	tap.z++; // four channels of one pixel
#else
	tap = plus(tap, ivec3(0, 0, 1), radix);
#endif
#end
}

#endif
