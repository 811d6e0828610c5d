package catalogue

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"hebb/internal/must"
	"hebb/nets"
	"hebb/nets/local"
	"hebb/nets/recurrent"
	"hebb/nets/stack"
)

// TestSettings: words, numbers, lists and truths are read as what they are.
func TestSettings(t *testing.T) {
	r := must.Get(Default().Rule("phsic:kernel=cosine,groups=16,power=0.8,biased=true"))(t)
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

// TestNested: a setting that is a name with settings of its own is read, in brackets where it has commas, and printed as it is
// read; what is wrong with it is said.
func TestNested(t *testing.T) {
	for text, want := range map[string]string{
		"rflo":               "sgd",
		"rflo:optimiser=sgd": "sgd",
		"rflo:optimiser=momentum:momentum=0.5,units=7":  "sgd:momentum=0.5",
		"rflo:units=7,optimiser=[adam:beta1=0.5,eps=1]": "[adam:beta1=0.5,beta2=0.999,eps=1]",
	} {
		s, err := Default().System(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		all := nets.Settings(s)
		if got := all[len(all)-1].String(); got != "optimiser="+want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if again, err := Default().System("rflo:" + all[len(all)-1].String()); err != nil || again.(*recurrent.RFLO).Optimiser != s.(*recurrent.RFLO).Optimiser {
			t.Errorf("%s, read again: %v, %v", all[len(all)-1], again, err)
		}
	}
	for text, says := range map[string]string{
		"rflo:optimiser=[adam:beta3=1]":  `"beta3=1": no setting is called beta3; there are: beta1`,
		"rflo:optimiser=adagrad":         `optimiser "adagrad", want one of adam`,
		"rflo:optimiser=[adam:eps=0]":    "eps 0",
		"rtrl:network=elman":             `network "elman", want one of balance`,
		"rtrl:network=[balance:plus=30]": "23 units and plus 30",
	} {
		if _, err := Default().System(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

// TestNetwork: a system has the network that its text names, a new one each time.
func TestNetwork(t *testing.T) {
	c := Default()
	a, errA := c.System("rtrl:network=[balance:units=9,plus=4]")
	b, errB := c.System("rtrl:network=[balance:units=9,plus=4]")
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	x, y := a.(*recurrent.RTRL).Network.(*recurrent.Balance), b.(*recurrent.RTRL).Network.(*recurrent.Balance)
	if x.Units != 9 || x.Plus != 4 || x == y {
		t.Errorf("%+v and %+v, %t", x, y, x == y)
	}
}

// TestFresh: each call makes a new system and a new task; what a text sets is set of that one alone.
func TestFresh(t *testing.T) {
	c := Default()
	for _, text := range []string{"wp:hidden=[3, 4],sigma=0.5", "wp"} {
		s := must.Get(c.System(text))(t)
		want := "[hidden=[3 4] sigma=0.5]"
		if text == "wp" {
			want = "[hidden=[16] sigma=0.001]"
		}
		if got := fmt.Sprint(nets.Settings(s)[:2]); got != want {
			t.Errorf("%s has %s, want %s", text, got, want)
		}
	}
	a, errA := c.Task("sines")
	b, errB := c.Task("sines")
	if errA != nil || errB != nil || a == b {
		t.Errorf("%p and %p, %v, %v", a, b, errA, errB)
	}
	for text, says := range map[string]string{
		"snn": `system "snn", want one of rflo, bptt`, "wp:sigma=big": `system wp: "sigma=big"`, "rflo:units=0": `system "rflo:units=0": `,
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

// A within is settings that a struct may have in it.
type within struct {
	Depth int `toml:"depth"`
}

// A texts has a setting of every kind.
type texts struct {
	stack.Backprop `toml:"-"`
	within

	Init  string   `toml:"init"`
	Words []string `toml:"words"`
	Sizes []int    `toml:"sizes"`
	Rate  float32  `toml:"rate"`
	On    bool     `toml:"on"`
	Kind  level    `toml:"kind"`
}

// A level reads itself.
type level int

func (l *level) UnmarshalText(text []byte) error {
	if string(text) != "level2" {
		return fmt.Errorf("level %s, want level2", text)
	}
	*l = 2
	return nil
}

// TestTexts: words need no quotes, whatever is in them, and an error says what a setting takes, in words of this program. What a
// text sets is set of a copy.
func TestTexts(t *testing.T) {
	c, own := Default(), &texts{Init: "none"}
	c.Rules = []stack.NamedRule{{Name: "own", Rule: own}}
	for text, want := range map[string]texts{
		"own:init=init2": {Init: "init2"}, "own:init=true": {Init: "true"}, "own:init=1e3": {Init: "1e3"}, `own:init="a b"`: {Init: "a b"},
		"own:words=[fc1, norm.2],rate=2": {Init: "none", Words: []string{"fc1", "norm.2"}, Rate: 2}, "own:depth=3": {Init: "none", within: within{3}}, "own:words=[]": {Init: "none", Words: []string{}},
		"own:kind=level2,on=true,sizes=[3, 4]": {Init: "none", Kind: 2, On: true, Sizes: []int{3, 4}}, "own": {Init: "none"},
	} {
		r, err := c.Rule(text)
		if err != nil || !reflect.DeepEqual(r, &want) {
			t.Errorf("%s: %+v, %v, want %+v", text, r, err, want)
		}
	}
	if !reflect.DeepEqual(own, &texts{Init: "none"}) {
		t.Errorf("the rule of the catalogue is %+v now", own)
	}
	for text, want := range map[string]string{
		"own:rate=fast": `rule own: "rate=fast": want a number within ±3.4e38`, "own:sizes=20": `rule own: "sizes=20": want a list in brackets, [first, second], each a whole number`,
		"own:sizes=[a]": `rule own: "sizes=[a]": want a list in brackets, [first, second], each a whole number`, "own:on=yes": `rule own: "on=yes": want true or false`,
		"own:kind=level3": `rule own: "kind=level3": level level3, want level2`, "own:words=3": `rule own: "words=3": want a list in brackets, [first, second], each a word`,
		"own:rate=1,rate=2": `rule own: "rate=1,rate=2": rate is set twice`, "own:rate=": `rule own: "rate=": want a number within ±3.4e38`,
		"own:Backprop=1": `rule own: "Backprop=1": no setting is called Backprop; there are: depth, init, words, sizes, rate, on, kind`, "own:rate=nan": `rule own: "rate=nan": want a finite number within ±3.4e38`,
	} {
		if _, err := c.Rule(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Default().Rule("bp:rate=1"); err == nil || !strings.Contains(err.Error(), "no setting is called rate; there are none") {
		t.Error(err)
	}
}

// TestUnknown: the error of an unknown name lists all names of its kind, those that a program added among them.
func TestUnknown(t *testing.T) {
	c := Default()
	c.Networks = []Network{{Name: "own-net"}}
	for _, name := range []string{"own-net", "lenet5"} {
		if _, err := c.Network("nothing")(nets.Row(4), 2); !errors.Is(err, ErrName) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s in it", err, name)
		}
	}
	for _, e := range entries(c) {
		if err := map[string]func() error{
			"system": func() error { _, err := c.System("nothing"); return err }, "task": func() error { _, err := c.Task("nothing"); return err },
			"network": func() error { _, err := c.RecurrentNetwork("nothing"); return err },
			"rule":    func() error { _, err := c.Rule("nothing"); return err }, "loss": func() error { _, err := c.Loss("nothing"); return err },
			"optimiser": func() error { _, err := c.Optimiser("nothing"); return err }, "schedule": func() error { _, err := c.Schedule("nothing"); return err },
		}[e.what](); !errors.Is(err, ErrName) || !strings.Contains(err.Error(), e.name) {
			t.Errorf("%v, want %s in it", err, e.name)
		}
	}
}
