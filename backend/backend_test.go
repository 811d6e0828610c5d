package backend

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hebb/compute"
)

// A fake is a backend with a description and nothing else.
type fake struct {
	compute.Backend
	info   compute.Info
	closed bool
}

func (f *fake) Info() compute.Info { return f.info }
func (f *fake) Close() error       { f.closed = true; return nil }

func opens(f *fake) func(Options) (compute.Backend, error) {
	return func(Options) (compute.Backend, error) { return f, nil }
}

func fails(err error) func(Options) (compute.Backend, error) {
	return func(Options) (compute.Backend, error) { return nil, err }
}

func TestAuto(t *testing.T) {
	cpu := &fake{info: compute.Info{Backend: "cpu", Device: "two cores"}}
	hard := &fake{info: compute.Info{Backend: "gpu", Device: "a card"}}
	soft := &fake{info: compute.Info{Backend: "gpu", Device: "llvmpipe", Software: true}}
	none := fmt.Errorf("no EGL device: %w", compute.ErrUnavailable)
	for _, c := range []struct {
		name string
		gpu  func(Options) (compute.Backend, error)
		want *fake
		note string // in the only note there is; "": none
	}{
		{"a GPU", opens(hard), hard, ""},
		{"a renderer in software", opens(soft), cpu, "llvmpipe is a program on the CPU"},
		{"none", fails(none), cpu, "no gpu: no EGL device"},
	} {
		b, notes, err := open([]way{{"gpu", c.gpu}, {"cpu", opens(cpu)}}, "auto", Options{})
		if err != nil || b != compute.Backend(c.want) {
			t.Errorf("%s: opened %v, %v, want %v", c.name, b, err, c.want.info)
		}
		if c.note == "" && len(notes) > 0 || c.note != "" && (len(notes) != 1 || !strings.Contains(notes[0], c.note)) {
			t.Errorf("%s: notes are %q, want %q", c.name, notes, c.note)
		}
	}
	if !soft.closed {
		t.Error("the GPU that was refused is still open")
	}
	if cpu.closed || hard.closed {
		t.Error("a backend was closed that was handed out")
	}
}

// TestWrongOption: options that no device can have are the fault of their user, and no reason to go on without a GPU.
func TestWrongOption(t *testing.T) {
	for _, name := range Names {
		var o Options
		o.GPU.Rung = "third"
		b, _, err := Open(name, o)
		if name == "cpu" && err == nil {
			b.Close() // which has no use for it
		} else if !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), `rung "third", want one of`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingOpens(t *testing.T) {
	why := fmt.Errorf("no driver: %w", compute.ErrUnavailable)
	_, _, err := open([]way{{"gpu", fails(why)}}, "auto", Options{})
	if !errors.Is(err, compute.ErrUnavailable) || !strings.Contains(err.Error(), "no driver") {
		t.Errorf("error is %v, want the reason of each backend", err)
	}
}

// TestForced: a request for a GPU by name gets it, with a note about its kind, or the error.
func TestForced(t *testing.T) {
	soft := &fake{info: compute.Info{Device: "llvmpipe", Software: true}}
	b, notes, err := open([]way{{"gpu", opens(soft)}}, "gpu", Options{})
	if b != compute.Backend(soft) || err != nil || len(notes) != 1 || !strings.Contains(notes[0], "program on the CPU") {
		t.Errorf("opened %v with notes %q, %v", b, notes, err)
	}
	why := fmt.Errorf("no driver: %w", compute.ErrUnavailable)
	if b, _, err := open([]way{{"gpu", fails(why)}}, "gpu", Options{}); b != nil || !errors.Is(err, why) {
		t.Errorf("opened %v, %v, want no fallback and the reason", b, err)
	}
}

func TestUnknownName(t *testing.T) {
	_, _, err := Open("tpu", Options{})
	if !errors.Is(err, ErrName) {
		t.Fatalf("error is %v, want ErrName", err)
	}
	for _, name := range append([]string{"tpu"}, Names...) {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q does not mention %s", err, name)
		}
	}
}

// TestNames: Names lists exactly the backends that Open knows.
func TestNames(t *testing.T) {
	want := []string{"auto"}
	for _, w := range ways {
		want = append(want, w.name)
	}
	if !slices.Equal(Names, want) {
		t.Errorf("Names is %q, want %q", Names, want)
	}
}

func TestCPUOpens(t *testing.T) {
	b, notes, err := Open("cpu", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if i := b.Info(); i.Backend != "cpu" || i.Software || len(notes) > 0 {
		t.Errorf("opened %v with notes %q", i, notes)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
