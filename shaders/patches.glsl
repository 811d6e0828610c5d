// Images under a window that slides over them, as the matrix that a Conv, a ConvInput and a Hebbian of images multiply.
// Row i of that matrix is position i of the window, counted across, down and from image to image; its columns are the
// window's taps, counted over channels, across and down. It is never stored: an element is read from its pixel, or is 0
// beyond the border.
// Defines: PATCHES_A: A is such a matrix; PATCHES_B: B is; ADJOINT: see below; PHASES: ADJOINT of a stride above 1.
//
// Numbers in mixed radix, (image, row, column) and (row, column, channel), are kept as their digits and
// stepped by adding digits: no loop over slices of terms divides.
#ifdef PATCHES_B
#define READ_IMAGES(i) READ_B(i)
#define HELD_IMAGES(i) HELD_B(i)
const int SEEN = 2;
#else
#define READ_IMAGES(i) READ_A(i)
#define HELD_IMAGES(i) HELD_A(i)
const int SEEN = 1;
#endif

ivec3 digits(int i, ivec2 radix) { return ivec3(i / radix.y / radix.x, i / radix.y % radix.x, i % radix.y); }

ivec3 plus(ivec3 a, ivec3 b, ivec2 radix) {
	a += b;
	if (a.z >= radix.y) {
		a.z -= radix.y;
		a.y++;
	}
	if (a.y >= radix.x) {
		a.y -= radix.x;
		a.x++;
	}
	return a;
}

ivec2 corner; // the pixel under the window's first tap at position 0, row and column
ivec2 places; // of one image, down and across
ivec2 window; // rows and columns
int stride;   // from place to place

#ifndef ADJOINT

// enter makes z the current member.
void enter(int z) {
	corner = ivec2(-slide.w);
	places = image.zw;
	window = slide.xy;
	stride = slide.z;
}

#else

// Towards its input, a convolution is one again, with the window rotated and a stride of 1: the pixels are the
// positions, and the images are Y. With a stride s, a pixel meets only every s-th row and column of the window, and its
// row and column modulo s determine which. Pixels that agree in both are a phase, and each phase is a dense convolution
// with a window of its own: no superfluous product is computed. Phases are the members of the batch; they differ in
// size by a row, a column or a tap. A phase may have no tap at all: its sums are 0.
ivec2 phase;
ivec2 tap0; // the first row and column of W's window that this phase meets
int terms;  // the number of taps of this phase

void enter(int z) {
	tap0 = ivec2(z / slide.z, z % slide.z); // so phases of most taps start first, and none is waited for
	phase = (tap0 + (slide.w / slide.z + 1) * slide.z - slide.w) % slide.z;
	window = (slide.xy - tap0 + slide.z - 1) / slide.z;
	corner = (phase + slide.w - tap0) / slide.z - window + 1;
	places = (image.zw - 1) / slide.z + 1; // of the largest phase
	stride = 1;
	terms = window.x * window.y * channels;
	window.y = max(window.y, 1); // a divisor
}

// weights is the address of the n numbers of W that multiply a tap.
int weights(ivec3 tap) {
	ivec2 at = tap0 + slide.z * (window - 1 - tap.xy);
	return AT(2, 0, tap.z) + (at.x * slide.y + at.y) * n;
}

#endif

#ifdef PHASES

// pixel is the row of X for row i of this phase, counted from the first image of its window; or −1, since not all
// phases are as large as the largest.
int pixel(int i) {
	ivec3 p = digits(row0 + i, places);
	ivec2 at = p.yz * slide.z + phase;
	return at.x < image.z && at.y < image.w ? (p.x * image.z + at.x) * image.w + at.y : -1;
}

#endif

#ifdef SLIDING

ivec3 tap_of(int t) { return digits(t, ivec2(window.y, channels)); }

// under is the row and column of the pixel under the window's first tap at a position, perhaps beyond the border, and
// the address it has or would have.
ivec3 under(ivec3 place) {
	ivec2 at = place.yz * stride + corner;
	return ivec3(at, AT(SEEN, 0, (place.x * image.x + at.x) * image.y + at.y));
}

// nowhere is a position whose every tap is beyond the border.
const ivec3 nowhere = ivec3(-1 << 30, 0, 0);

bool inside(ivec3 first, ivec3 tap) {
	uvec2 at = uvec2(first.xy + tap.xy);
	return tap.x < window.x && at.x < uint(image.x) && at.y < uint(image.y);
}

int address(ivec3 first, ivec3 tap) {
	return first.z + (tap.x * image.y + tap.y) * ld[SEEN / 4][SEEN % 4] + tap.z;
}

#ifdef NAIVE

// seen is the number under tap t of the window at a position.
float seen(int place, int t) {
	ivec3 first = under(digits(place, places)), tap = tap_of(t);
	return inside(first, tap) ? READ_IMAGES(address(first, tap)) : 0.0;
}

#endif

#endif
