package cpu

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestParallel: each index is called once, whatever the number of cores, while jobs come from several goroutines, in each other,
// and after pauses in which workers fall asleep; there may be more workers than cores.
func TestParallel(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, cores := range []int{1, 2, 5, 3} {
		runtime.GOMAXPROCS(cores)
		do := func(n int, f func(i int)) {
			if cores == 1 {
				parallel(n, f)
				return
			}
			hands.do(cores, n, f)
		}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for round := range 200 {
					n := round * 3 % 50
					calls := make([]atomic.Int32, n)
					do(n, func(i int) {
						if i%7 == 0 {
							var inner atomic.Int32
							do(5, func(k int) { inner.Add(int32(k)) })
							if inner.Load() != 10 {
								t.Errorf("indices within call %d of %d add up to %d, want 10", i, n, inner.Load())
							}
						}
						calls[i].Add(1)
					})
					for i := range calls {
						if k := calls[i].Load(); k != 1 {
							t.Errorf("%d cores: call %d of %d was made %d times", cores, i, n, k)
						}
					}
					if round%50 == 0 {
						time.Sleep(3 * patience)
					}
				}
			})
		}
		all.Wait()
	}
}

// BenchmarkParallel is from call to return of jobs that do nothing, one after the other and with pauses between.
func BenchmarkParallel(b *testing.B) {
	for _, pause := range []time.Duration{0, 10 * time.Microsecond, time.Millisecond} {
		b.Run(fmt.Sprint("after ", pause), func(b *testing.B) {
			var all time.Duration
			for b.Loop() {
				for start := time.Now(); time.Since(start) < pause; {
				}
				start := time.Now()
				parallel(2, func(int) {})
				all += time.Since(start)
			}
			b.ReportMetric(float64(all.Nanoseconds())/float64(b.N), "ns/call")
		})
	}
}
