//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"fmt"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"

	"hebb/compute"
)

// ringSize is the largest number of pending stamps: over a thousand ops.
const ringSize = 4096

// TimeOps times ops by GL_TIMESTAMP queries around each launch: an op lasts from when all before it is done until it
// is done itself, so that ops do not overlap. The host's and the device's clock are compared once, now.
func (b *backend) TimeOps(f func(compute.Timing)) error {
	return b.wait(func() error {
		if err := b.endTiming(); err != nil || f == nil {
			return err
		}
		q, zero, err := b.newQueries(ringSize)
		if err != nil {
			return err
		}
		b.timer = &timer{stamps: q, size: ringSize, report: f, zero: zero, failed: func() bool { return b.first != nil }}
		return nil
	})
}

// endTiming reports the ops timed so far, and deletes the queries.
func (t *thread) endTiming() error {
	if t.timer == nil {
		return t.settle("before timing")
	}
	err := t.finish("end of timing")
	q := t.timer.stamps.(*queries)
	gl.DeleteQueries(int32(len(q.ids)), &q.ids[0])
	t.timer = nil
	return err
}

// queries are stamps made of query objects.
type queries struct {
	ids  []uint32
	bits int    // of the counter, which wraps around
	raw  uint64 // the last value read
	ns   int64  // its time
}

// newQueries makes n query objects, and compares the clocks: zero is the host's time when the device's clock was at the
// stamps' zero.
func (t *thread) newQueries(n int) (q *queries, zero time.Time, err error) {
	var bits int32
	gl.GetQueryiv(gl.TIMESTAMP, gl.QUERY_COUNTER_BITS, &bits)
	if err := timed(int(bits), t.info); err != nil {
		return nil, zero, err
	}
	q = &queries{ids: make([]uint32, n), bits: int(bits)}
	gl.GenQueries(int32(n), &q.ids[0])
	zero, q.raw = compareClocks()
	return q, zero, t.settle("timer queries")
}

// timed returns the reason why a device with a clock of that many bits cannot be timed by it.
func timed(bits int, i compute.Info) error {
	if bits == 0 {
		return fmt.Errorf("gpu: %s (%s) has no clock (GL_QUERY_COUNTER_BITS of GL_TIMESTAMP is 0), so ops cannot be timed: %w",
			i.Device, i.Driver, compute.ErrUnsupported)
	}
	return nil
}

// compareClocks reads the device's clock between two readings of the host's, thrice, and takes the closest: the two are
// then known to be equal to half of the interval, some µs.
func compareClocks() (host time.Time, device uint64) {
	gl.Finish()
	closest := time.Hour
	for range 3 {
		var ns int64
		before := time.Now()
		gl.GetInteger64v(gl.TIMESTAMP, &ns)
		if between := time.Since(before); between < closest {
			closest, host, device = between, before.Add(between/2), uint64(ns)
		}
	}
	return host, device
}

func (q *queries) put(slot int) { gl.QueryCounter(q.ids[slot], gl.TIMESTAMP) }

func (q *queries) ready(slot int) bool {
	var is int32
	gl.GetQueryObjectiv(q.ids[slot], gl.QUERY_RESULT_AVAILABLE, &is)
	return is != gl.FALSE
}

func (q *queries) get(slot int) int64 {
	var raw uint64
	gl.GetQueryObjectui64v(q.ids[slot], gl.QUERY_RESULT, &raw)
	q.ns += advance(q.raw, raw, q.bits)
	q.raw = raw
	return q.ns
}
