package cpu

import (
	"sync"
	"sync/atomic"
	"time"
)

// A crew is workers that wait for jobs, at most one for each core but the caller's. To start a goroutine on another core takes
// some 30 µs, as does to wake a worker that sleeps; so a worker that has done its part looks for the next for a while, as ops come
// one after the other, and sleeps then. A panic in a worker ends the program, as in any goroutine that nobody waits for.
type crew struct {
	mu      sync.Mutex // of who adds workers
	workers atomic.Pointer[[]*worker]
}

var hands crew // of all devices

// patience is how long a worker looks for work before it sleeps, and a caller for the end of a job. It takes 30 to 200 µs to wake
// one, by processor. A worker that wakes as slowly, when all is done, and has gone to sleep again before the next job of that
// length comes, never helps: with a patience of 50 µs jobs of 180 µs took 380, as on one core.
var patience = 200 * time.Microsecond

// A worker is a goroutine that does one job at a time.
type worker struct {
	job    atomic.Pointer[job] // that it is asked to do; taken: it does one; nil: it is free
	asleep atomic.Bool
	wake   chan struct{}

	_ [64]byte // workers are on lines of their own
}

// taken is no job.
var taken = new(job)

// A job calls f(0) … f(n−1), by parts each of which is consecutive: the core that takes a part takes it from its start, and then
// helps with others. So a core goes through memory in order, and in the next op of that length through the same memory.
type job struct {
	f     func(i int)
	parts []part
	left  atomic.Int64 // workers that were asked, are at it or may be; and sleeper, if the caller sleeps
	wake  chan struct{}
}

// A part is indices that are not yet taken.
type part struct {
	next atomic.Int64
	end  int64
	_    [48]byte
}

const sleeper = 1 << 32

var jobs = sync.Pool{New: func() any { return &job{wake: make(chan struct{}, 1)} }}

// do calls f(0) … f(n−1) on so many cores, at least 2.
func (c *crew) do(cores, n int, f func(i int)) {
	j := jobs.Get().(*job)
	j.f = f
	if cap(j.parts) < cores {
		j.parts = make([]part, cores)
	}
	j.parts = j.parts[:cores]
	for k := range j.parts {
		j.parts[k].next.Store(int64(k * n / cores))
		j.parts[k].end = int64((k + 1) * n / cores)
	}
	all := c.atLeast(cores - 1)
	asked := 0
	for k := 0; k < len(all) && asked < cores-1; k++ {
		if all[k].ask(j) {
			asked++
		}
	}
	j.work(0)
	for _, w := range all {
		if w.job.Load() == j && w.job.CompareAndSwap(j, nil) {
			j.left.Add(-1) // it has not begun, and all is done
		}
	}
	j.wait()
	j.f = nil
	jobs.Put(j)
}

// atLeast returns n workers or more.
func (c *crew) atLeast(n int) []*worker {
	if all := c.workers.Load(); all != nil && len(*all) >= n {
		return *all
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*worker
	if old := c.workers.Load(); old != nil {
		all = append(all, *old...)
	}
	for k := len(all); k < n; k++ {
		w := &worker{wake: make(chan struct{}, 1)}
		go w.run(k + 1)
		all = append(all, w)
	}
	c.workers.Store(&all)
	return all
}

// ask gives j to w, or reports that w is not free.
func (w *worker) ask(j *job) bool {
	if w.job.Load() != nil {
		return false
	}
	j.left.Add(1)
	if !w.job.CompareAndSwap(nil, j) {
		j.left.Add(-1)
		return false
	}
	if w.asleep.CompareAndSwap(true, false) {
		w.wake <- struct{}{}
	}
	return true
}

// run waits for jobs and works at each, beginning with the part that has the worker's number.
func (w *worker) run(number int) {
	for {
		j := w.next()
		j.work(number % len(j.parts))
		w.job.Store(nil)
		if j.left.Add(-1) == sleeper { // else j may be another's by now
			j.wake <- struct{}{}
		}
	}
}

// next waits for a job and takes it.
func (w *worker) next() *job {
	for {
		if j := w.look(); j != nil {
			return j
		}
		w.asleep.Store(true)
		if w.job.Load() == nil || !w.asleep.CompareAndSwap(true, false) {
			<-w.wake
		}
	}
}

// look looks for a job and takes it; nil: none came.
func (w *worker) look() (found *job) {
	spin(func() bool {
		if j := w.job.Load(); j != nil && w.job.CompareAndSwap(j, taken) {
			found = j
		}
		return found != nil
	})
	return found
}

// spin calls ready until it is true, or for as long as patience lasts.
func spin(ready func() bool) {
	start := time.Now()
	for {
		for range 16 {
			if ready() {
				return
			}
			pause()
		}
		if time.Since(start) > patience {
			return
		}
	}
}

// work calls f for the indices that nobody has taken, beginning with part first and then helping with the others.
func (j *job) work(first int) {
	for k := range j.parts {
		p := &j.parts[(first+k)%len(j.parts)]
		for p.next.Load() < p.end {
			i := p.next.Add(1) - 1
			if i >= p.end {
				break
			}
			j.f(int(i))
		}
	}
}

// wait waits for the workers that are at it.
func (j *job) wait() {
	spin(func() bool { return j.left.Load() == 0 })
	if j.left.Load() != 0 && j.left.Add(sleeper) != sleeper {
		<-j.wake
	}
	j.left.Store(0)
}
