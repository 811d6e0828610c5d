package cpu

import "hebb/compute"

// move copies in chunks large enough for the processor's prefetcher, small enough to share out.
func move(c compute.Copy) {
	dst, src := values(c.Dst), values(c.Src)
	chunks(len(dst), 1<<18, func(lo, hi int) { copy(dst[lo:hi], src[lo:hi]) })
}
