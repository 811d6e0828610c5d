package catalogue

import (
	"strings"
	"testing"
)

// TestIdle: a setting without an effect is refused, in any order of the settings, and the error says when it has one; a
// lenient catalogue accepts it.
func TestIdle(t *testing.T) {
	c := Default()
	read := map[string]func(*Catalogue, string) error{
		"system":    func(c *Catalogue, s string) error { _, err := c.System(s); return err },
		"rule":      func(c *Catalogue, s string) error { _, err := c.Rule(s); return err },
		"task":      func(c *Catalogue, s string) error { _, err := c.Task(s); return err },
		"optimiser": func(c *Catalogue, s string) error { _, err := c.Optimiser(s); return err },
	}
	for text, want := range map[string]string{
		"system rflo:network=[balance:units=8,plus=2],act=relu": "act has an effect without network alone",
		"system rtrl:units=40,network=balance":                  "units has an effect without network alone",
		"system readout:tau=3,when=trial,network=balance":       "tau has an effect without network alone",
		"system rtrl:act=relu,when=trial":                       "",
		"system np:tau=3":                                       "tau has an effect with recurrent alone",
		"system hp:gain=1.5,recurrent=false":                    "gain has an effect with recurrent alone",
		"system wp:trials=true,recurrent=true":                  "trials has an effect without recurrent and without rewarded alone",
		"system wp:rewarded=true,trials=true":                   "trials has an effect without recurrent and without rewarded alone",
		"system wp:trials=true":                                 "",
		"system wp0:gain=2,tau=3,recurrent=true":                "",
		"system rflo:optimiser=[adam:decoupled=true]":           "decoupled has an effect with weight_decay alone",
		"system vasilaki:eligibility=centred,window=5":          "window has an effect with eligibility=running alone",
		"optimiser adamw:weight_decay=0":                        "",
		"task patches:whiten=none":                              "",
		"task patches:whiten=none,keep=3":                       "keep has an effect with whiten!=none alone",
		"rule sa:noise=1":                                       "noise has an effect with amp, null or sparse alone",
		"rule sa:amp=0.5,noise=1":                               "",
		"rule phsic:power=1":                                    "power has an effect with groups alone",
		"rule phsic:power=1,groups=4":                           "",
		"rule phsic:kernel=cosine,sigma=3":                      "sigma has an effect with kernel=gaussian alone",
		"rule sim:decoder=64":                                   "decoder has an effect with beta!=1 or bio alone",
		"rule sim:decoder=64,bio=true":                          "",
		"rule pred:no_std=true":                                 "no_std has an effect with beta alone",
	} {
		what, set, _ := strings.Cut(text, " ")
		err := read[what](c, set)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if err := read[what](c.Lenient(), set); err != nil {
			t.Errorf("lenient, %s: %v", text, err)
		}
	}
	for _, e := range entries(c) {
		for _, key := range keys(e.value) {
			if err := idle(e.value, []string{key}); err != nil && !strings.HasPrefix(err.Error(), key+" has an effect ") { // a condition of no setting panics
				t.Errorf("%s: %v", e.name, err)
			}
		}
	}
}
