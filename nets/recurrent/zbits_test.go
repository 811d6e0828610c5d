package recurrent_test

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"testing"

	"hebb/nets"
	"hebb/nets/catalogue"
	"hebb/nets/internal/lab"
)

func TestBits(t *testing.T) {
	c := catalogue.Default()
	for _, x := range []struct{ text, task string }{{"rflo", "sines"}, {"rflo:units=20,tau=3,gain=1.2,optimiser=adam", "sines:period=7,outputs=2"}, {"rflo:units=19,tau=2", "noise"}, {"rflo:units=19,tau=2", "noise0"}} {
		r := nets.Run{System: func() nets.System { s, err := c.System(x.text); if err != nil { t.Fatal(err) }; return s }, Task: func() nets.Task { s, err := c.Task(x.task); if err != nil { t.Fatal(err) }; return s }, Learners: 3, Seed: 5, Rate: 0.01}
		if x.task == "noise" { r.Task = noise(4, nil) }
		if x.task == "noise0" { r.Task = noise(0, nil) }
		s := lab.Make(t, lab.CPU(t), r, 200)
		v := lab.Values(t, s)
		h := sha256.New()
		for _, k := range slices.Sorted(maps.Keys(v)) {
			h.Write([]byte(k))
			for _, f := range v[k] { binary.Write(h, binary.LittleEndian, math.Float32bits(f)) }
		}
		t.Logf("%s %s %x", x.text, x.task, h.Sum(nil)[:8])
	}
}
