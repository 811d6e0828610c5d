// Package examples runs the programs of this module, which know hebb as a user's do.
package examples

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// runs are the programs with their arguments, IMAGES being a folder of images, and what each says, in this order.
var runs = []struct {
	args string
	says []string // regular expressions
	fail bool     // it ends with an error
}{
	{"start", []string{`25 trials, error 0\.3`, `100 trials, error 0\.1`}, false},
	{"rule", []string{`1000  loss 0\.\d+  accuracy 1\.00`}, false},
	{"loss", []string{`300  squared hinge 0\.0\d+  accuracy 1\.00`}, false},
	{"system", []string{` 4000 moments, error 0\.1`, `12000 moments, error 0\.0[0-4]`}, false},
	{"own-network", []string{`bptt +after 4000 moments, mean error so far 0\.0`, `tbptt .* 0\.0[0-6]`, `rtrl .* 0\.0[0-6]`, `uoro .* 0\.[0-3]`}, false},
	{"task", []string{`2400 moments, right 1\.00`}, false},
	{"spikes", []string{`40 s: weights 0\.[6-9]\d of inputs that spike together, 0\.[0-3]\d of the others`}, false},
	{"local", []string{`mean activity 0\.250`}, false},
	{"loop", []string{`all are right: true`, `w \[16 3\]: 240 numbers of 5 learners`}, false},
	{"optimiser", []string{`nets\.SGD: learners 0–3, seeds 1–4: training diverged`, `main\.Clipped: error 0\.0\d+ after 300`}, false},
	{"layer train --net gain:12 --rule fa --data IMAGES --holdout 0.25 --batch 4 --epochs 30 --lr 0.05",
		[]string{`gain:12: \d+ parameters`, ` 30 .*100\.00 %`}, false},
	{"layer train --net gain:many --data IMAGES --holdout 0.25 --batch 4", []string{`gain:many, want a number of units`}, true},
	{"hebb list", []string{`delta +the delta rule`, `rflo`, `teacher +what a random linear network answers`, `inputs=8, examples=4`,
		`lagging`, `rate=0\.05`}, false},
	{"hebb train delta --task teacher:inputs=5 --learners 3 --steps 200 --lr 0.1",
		[]string{`delta: 5 parameters`, `seeds 1 to 3, side by side`, `200  test   error \d\.\d+e-\d+ ± `}, false},
	{"hebb train delta --task teacher:inputs=0", []string{`teacher: 0 inputs and 4 examples, want at least 1`}, true},
	{"hebb train --net mlp:64-12-12-2 --rule lagging:rate=0.2 --data IMAGES --holdout 0.25 --batch 4 --epochs 30 --lr 0.05",
		[]string{`lagging:rate=0\.2`, ` 30 .*100\.00 %`}, false},
}

func TestPrograms(t *testing.T) {
	bin, images := t.TempDir(), t.TempDir()
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", bin, "./...").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := map[string]bool{}
	draw(t, images)
	for i, r := range runs {
		words := strings.Fields(strings.ReplaceAll(r.args, "IMAGES", images))
		name, args := words[0], words[1:]
		seen[name] = true
		t.Run(fmt.Sprint(i, " ", name), func(t *testing.T) {
			if len(args) > 0 && args[0] == "train" {
				args = append(args, "--backend", "cpu", "--out", filepath.Join(t.TempDir(), "run"))
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			defer stop()
			out, err := exec.CommandContext(ctx, filepath.Join(bin, name), args...).CombinedOutput()
			if (err != nil) != r.fail {
				t.Errorf("%s: %v", r.args, err)
			}
			rest := string(out)
			for _, says := range r.says {
				at := regexp.MustCompile(says).FindStringIndex(rest)
				if at == nil {
					t.Fatalf("%s does not say %q in its place:\n%s", r.args, says, out)
				}
				rest = rest[at[1]:]
			}
		})
	}
	t.Run("a run that was cut", func(t *testing.T) { cut(t, filepath.Join(bin, "hebb"), t.TempDir()) })
	mains, err := filepath.Glob("*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatal(mains, err)
	}
	for _, m := range mains {
		if !seen[filepath.Dir(m)] {
			t.Errorf("%s is not run", m)
		}
	}
}

// cut makes one run of a user's system and task whole and another in two parts: both come to the same bits.
func cut(t *testing.T, hebb, dir string) {
	whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
	const train = "train delta --task teacher --learners 2 --lr 0.1 --backend cpu"
	for _, args := range []string{train + " --steps 130 --out " + whole, train + " --steps 70 --out " + parts,
		"train --backend cpu --steps 130 --resume " + parts} {
		if out, err := exec.Command(hebb, strings.Fields(args)...).CombinedOutput(); err != nil {
			t.Fatalf("hebb %s: %v\n%s", args, err, out)
		}
	}
	for _, name := range []string{"model.safetensors", "state.safetensors"} {
		a, err := os.ReadFile(filepath.Join(whole, "checkpoints", "step-000000130", name))
		b, other := os.ReadFile(filepath.Join(parts, "checkpoints", "step-000000130", name))
		if errors.Join(err, other) != nil || len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s: %d and %d bytes, which are not the same: %v, %v", name, len(a), len(b), err, other)
		}
	}
}

// draw makes images of 8×8 of two classes: white to the left, or to the right.
func draw(t *testing.T, dir string) {
	for side, class := range []string{"left", "right"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o777); err != nil {
			t.Fatal(err)
		}
		for i := range 16 {
			img := image.NewGray(image.Rect(0, 0, 8, 8))
			for y := range 8 {
				for x := range 4 {
					img.SetGray(4*side+x, y, color.Gray{Y: uint8(100 + 8*i)})
				}
			}
			f, err := os.Create(filepath.Join(dir, class, fmt.Sprintf("%02d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
