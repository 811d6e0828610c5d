package cpu

import "hebb/compute"

// mostCopied is the length of a chunk: half of the MiB from which Go's copy stores past the cache. Outputs of streamed numbers and
// more, which no cache keeps, are copied in chunks twice as long, past it.
const mostCopied = 1 << 17

// move copies in chunks.
func move(c compute.Copy) {
	dst, src := words(c.Dst), words(c.Src)
	switch to, from := c.Dst.Type(), c.Src.Type(); {
	case to == from && len(dst) <= alone:
		copy(dst, src)
		return
	case to == from:
	case to == compute.Float16:
		chunks(len(dst), 1<<16, func(lo, hi int) { compute.Narrow(dst[lo:hi], src[2*lo:min(2*hi, len(src))]) })
		return
	default:
		chunks(len(src), 1<<16, func(lo, hi int) { compute.Widen(dst[2*lo:min(2*hi, len(dst))], src[lo:hi]) })
		return
	}
	most := mostCopied
	if len(dst) >= streamed {
		most *= 2
	}
	chunks(len(dst), fair(len(dst), most), func(lo, hi int) { copy(dst[lo:hi], src[lo:hi]) })
}
