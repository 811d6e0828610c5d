//go:build cgo && (linux || windows) && !nogpu

package gpu

import (
	"errors"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// BenchmarkStart measures a program's start: it opens the device and runs a few ops. Programs come from the cache on
// disk, [os.UserCacheDir]; so with -test.benchtime 1x the second run is a second start. It reports the milliseconds
// until the device is open, and from there until the results are read; and the number of programs.
func BenchmarkStart(b *testing.B) {
	var opening, running time.Duration
	programs := 0
	for range b.N {
		start := time.Now()
		back, err := open(Options{Device: -1})
		if errors.Is(err, compute.ErrUnavailable) {
			b.Skip(err)
		} else if err != nil {
			b.Fatal(err)
		}
		opening += time.Since(start)
		start = time.Now()
		dev := compute.New(back)
		for _, c := range smallOps(b, dev) {
			err = errors.Join(err, runAll(back, c.ops))
		}
		x := tensorsOn(b, dev)(32)
		must.Do(b, errors.Join(err, x.Buffer().Read(0, make([]float32, 32))))
		running += time.Since(start)
		programs = len(back.programs)
		must.Do(b, dev.Close())
	}
	b.ReportMetric(float64(opening.Microseconds())/1e3/float64(b.N), "open-ms")
	b.ReportMetric(float64(running.Microseconds())/1e3/float64(b.N), "results-ms")
	b.ReportMetric(float64(programs), "programs")
}
