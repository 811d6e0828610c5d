package catalogue

import (
	"strings"
	"testing"

	"hebb/nets"
	"hebb/nets/local"
	"hebb/nets/stack"
)

// TestSettings: words, numbers, lists and truths are read as what they are.
func TestSettings(t *testing.T) {
	r, err := Default().Rule("phsic:kernel=cosine,groups=16,power=0.8,biased=true")
	if err != nil {
		t.Fatal(err)
	}
	want := local.DefaultPHSIC
	want.Kernel, want.Groups, want.Power, want.Biased = "cosine", 16, 0.8, true
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
	for text, want := range map[string]local.Widths{"hsic:sigma=2": "2", "hsic:sigma=0.5": "0.5", "hsic:sigma=[1, 2.5]": "1,2.5"} {
		if r, err := Default().Rule(text); err != nil || r.(local.HSICBottleneck).Sigma != want {
			t.Errorf("%s: %+v, %v, want a sigma of %q", text, r, err, want)
		}
	}
	for text, says := range map[string]string{
		"phsic:kernel=laplace":             `kernel "laplace", want gaussian, cosine or linear`,
		"phsic:kernel=3":                   "kernel",
		"phsic:width=3":                    "no setting is called width; there are: gamma, kernel, sigma, groups, power, delta, biased",
		"hsic:sigma=[1, true]":             "width of true",
		"hsic:alone=true,unformatted=true": "at most one",
		"predsim:beta=2":                   "beta 2",
		"last:rate=1":                      "no setting is called rate",
	} {
		if _, err := Default().Rule(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// TestFresh: each call makes a new system and a new task; what a text sets is set of that one alone.
func TestFresh(t *testing.T) {
	c := Default()
	for _, text := range []string{"wp:hidden=[3, 4],sigma=0.5", "wp"} {
		s, err := c.System(text)
		if err != nil {
			t.Fatal(err)
		}
		want := "hidden=[3 4], sigma=0.5"
		if text == "wp" {
			want = "hidden=[16], sigma=0.001"
		}
		if got := strings.Join(Defaults(s), ", "); got != want {
			t.Errorf("%s has %s, want %s", text, got, want)
		}
	}
	a, errA := c.Task("sines")
	b, errB := c.Task("sines")
	if errA != nil || errB != nil || a == b {
		t.Errorf("%p and %p, %v, %v", a, b, errA, errB)
	}
	for text, says := range map[string]string{
		"rtrl": `system "rtrl", want one of rflo, wp`, "wp:sigma=big": `system wp: "sigma=big"`, "rflo:units=0": `system "rflo:units=0": `,
		"rflo:units": `"units", want key=value`, "rflo:units=5,units=6": "system rflo",
	} {
		if _, err := c.System(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	if _, err := c.Task("cosines:period=4"); err == nil || !strings.Contains(err.Error(), `task "cosines", want one of sines, xor`) {
		t.Error(err)
	}
}

// TestOwnNetwork: a network of one's own gets the text after its name; all others are those of package stack.
func TestOwnNetwork(t *testing.T) {
	c := Default()
	told := ""
	c.Networks = []Network{{Name: "own", Parse: func(arg string, in nets.Shape, outputs int) (stack.Spec, error) {
		told = arg
		return stack.Parse("mlp:4-2", in, outputs)
	}}}
	for name, says := range map[string]string{"own:3:x": "", "own": "", "mlp:4-2": "", "owl": "want one of"} {
		told = "nothing"
		_, err := c.Network(name)(nets.Row(4), 2)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", name, err)
		}
		if want := map[string]string{"own:3:x": "3:x", "own": ""}; strings.HasPrefix(name, "own") && told != want[name] {
			t.Errorf("%s was told %q", name, told)
		}
	}
}
