package bench

import (
	"bytes"
	"context"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hebb/compute"
	"hebb/internal/must"
)

// A fakeTuner is a Tuner of made-up speed: an op takes so many times what it costs, by way. What it computes is worked out
// once after each Try.
type fakeTuner struct {
	*computing
	ways    []string
	times   map[string]float64
	way     string
	fresh   bool
	learned int
}

func (c *fakeTuner) Ways(compute.Op) []string                  { return slices.Clone(c.ways) }
func (c *fakeTuner) Learned(compute.Op) bool                   { return false }
func (c *fakeTuner) Learn(compute.Op, []compute.Attempt) error { c.learned++; return nil }
func (c *fakeTuner) Try(_ compute.Op, way string) error        { c.way, c.fresh = way, true; return nil }
func (c *fakeTuner) takes(op compute.Op) time.Duration {
	return time.Duration(float64(c.fake.takes(compute.CostOf(op))) * c.times[c.way])
}

func (c *fakeTuner) Run(op compute.Op) error {
	if !c.fresh {
		*c.now = c.now.Add(c.takes(op))
		return nil
	}
	c.fresh = false
	c.wrong = nil
	if c.way == "wrong" {
		c.wrong = alwaysOff
	}
	return c.computing.Run(op)
}

// Every rung is there, from the naive one to the fastest, and what is wrong has no time; nothing is learned.
func TestLadder(t *testing.T) {
	gpu, _ := computers()
	_, low, _ := world()
	low.now = gpu.now
	top := &fakeTuner{computing: gpu, ways: []string{"64", "wrong", "128", "32"}, times: map[string]float64{"": 1, "64": 2, "128": 1, "32": 3}}
	naive := &fakeTuner{computing: &computing{fake: low}, times: map[string]float64{"": 30}}
	o := Options{Quick: true, Only: regexp.MustCompile("NN 8"), roofs: []ladder{}, MaxCase: time.Second, now: func() time.Time { return *gpu.now }}
	r := must.Get(Ladder(context.Background(), top, naive, o))(t)
	var names []string
	for i, c := range r.Results {
		names = append(names, c.Rung)
		if c.Rung == "wrong" {
			if c.Status != Failed || c.Seconds != 0 {
				t.Errorf("a wrong rung: %+v", c)
			}
			continue
		}
		if c.Status != OK || c.Seconds <= 0 || c.Verified != 64 || c.Samples == 0 || c.Chosen != (c.Rung == "64") || c.Suite != "ladder" {
			t.Errorf("%s: %+v", c.Rung, c)
		}
		want := map[string]float64{"64": 1.5, "128": 2}[c.Rung]
		if i > 2 && math.Abs(c.VsBelow-want) > 1e-3 {
			t.Errorf("%s is %g times as fast as the one below, want %g", c.Rung, c.VsBelow, want)
		}
	}
	if !slices.Equal(names, []string{"naive", "wrong", "32", "64", "128"}) || len(r.Wrong()) != 1 || top.learned+naive.learned > 0 {
		t.Errorf("rungs %v, %d wrong; %d learned", names, len(r.Wrong()), top.learned+naive.learned)
	}
	var b bytes.Buffer
	if err := r.Table(&b); err != nil || !strings.Contains(b.String(), "64 (taken)") || !strings.Contains(b.String(), "× the rung below") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if r, err := Ladder(ctx, top, naive, o); err != nil || !r.Interrupted || len(r.Results) > 0 {
		t.Errorf("interrupted: %+v, %v", r, err)
	}
}
