package train

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"

	"hebb/compute"
	"hebb/nets"
	"hebb/nets/spread"
)

// together reports whether other processes make the run with this one.
func (r *Run) together() bool { return r.Session.World != nil && r.Session.World.Size() > 1 }

// inStep reports whether the processes meet in each step, so that they may as well say who is to end.
func (r *Run) inStep() bool { return !r.together() || r.Session.Learners < r.Session.World.Size() }

// agreed returns an error on all processes where one has it, see [spread.Agree].
func (r *Run) agreed(err error) error { return spread.Agree(r.Session.World, err) }

// stopping returns why the run is to end here: the cause of ctx, or that of another process. All call it at the same place.
func (r *Run) stopping(ctx context.Context) (why, err error) {
	why = r.agreed(context.Cause(ctx))
	if agreed := (*spread.Agreed)(nil); r.together() && !errors.As(why, &agreed) {
		return nil, why // of the world
	}
	return why, nil
}

// named adds the step to an error that says no more than which other process does not do its part, and has all processes say
// of a run that diverged, which they find together, that they have agreed.
func (r *Run) named(err error) error {
	var of *spread.RankError
	done, _ := r.Steps()
	switch {
	case errors.As(err, &of) && !strings.HasPrefix(err.Error(), "step "):
		return fmt.Errorf("after step %d: %w", done, err)
	case errors.Is(err, nets.ErrDiverged), errors.Is(err, nets.ErrFault):
		return r.agreed(err)
	}
	return err
}

// facts are what has to be the same on all processes for the run to have the same bits.
func (r *Run) facts(on compute.Info, step int) []spread.Fact {
	device, _, _ := strings.Cut(on.Device, " (") // a processor's cores change no bit
	facts := []spread.Fact{
		{Name: "version of hebb", Value: build()}, {Name: "GOARCH", Value: runtime.GOARCH}, {Name: "backend", Value: on.Backend},
		{Name: "device", Value: device}, {Name: "driver or vector kernels", Value: on.Driver},
		{Name: "half precision", Value: fmt.Sprint(on.Half)}, {Name: "GPU tuning", Value: cmp.Or(on.Tuning, "none")},
	}
	c := reflect.ValueOf(r.Config)
	for i := range c.NumField() {
		if key := c.Type().Field(i).Tag.Get("toml"); key != "data" || r.Origin == nil { // which may lie elsewhere on each host
			facts = append(facts, spread.Fact{Name: key, Value: fmt.Sprint(c.Field(i).Interface())})
		}
	}
	if r.Origin != nil {
		facts = append(facts, spread.Fact{Name: "checksum of the data", Value: r.Origin.Checksum})
	}
	return append(facts, spread.Fact{Name: "step of the last checkpoint", Value: fmt.Sprint(step)})
}

// build is what tells this program from others.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "built without module information"
	}
	words := []string{info.Path, info.Main.Version, info.GoVersion}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
			words = append(words, s.Value)
		}
	}
	return strings.Join(words, " ")
}

// alike compares all tensors and counters over the processes. The error names the first process with others than rank 0, and the
// first that differs.
func (r *Run) alike() error {
	if !r.together() {
		return nil
	}
	all := r.Session.Tensors()
	values, err := r.Session.Read(all)
	if err != nil {
		return err
	}
	return r.same(all, values)
}

// same is alike of values that were read.
func (r *Run) same(all []nets.Named, values [][]float32) error {
	if !r.together() {
		return nil
	}
	var facts []spread.Fact
	for i, t := range all {
		facts = append(facts, spread.Fact{Name: "tensor " + t.Name, Value: fmt.Sprintf("SHA-256 %x…", sum(values[i]))})
	}
	counters, err := json.Marshal(r.Session.Counters())
	if err != nil {
		return err
	}
	done, _ := r.Steps()
	facts = append(facts, spread.Fact{Name: "list of counters", Value: string(counters)}, spread.Fact{Name: "step", Value: fmt.Sprint(done)})
	return spread.Alike(r.Session.World, facts)
}

// sum is the beginning of the SHA-256 of numbers.
func sum(x []float32) []byte {
	h := sha256.New()
	var b []byte
	for len(x) > 0 {
		n := min(len(x), 1<<14)
		b = b[:0]
		for _, v := range x[:n] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		h.Write(b)
		x = x[n:]
	}
	return h.Sum(nil)[:6]
}
