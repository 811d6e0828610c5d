package train

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/BurntSushi/toml"
)

// Idle returns the settings that a run of this Config has no use for, each with the reason. They are not written to its folder,
// and are those of [Default] whatever a file says of them.
func (c Config) Idle() map[string]string {
	idle := map[string]string{}
	because := func(why string, names ...string) {
		for _, n := range names {
			idle[n] = why
		}
	}
	if c.System != "" {
		because("is for networks, and "+c.System+" has settings of its own: see hebb list",
			"net", "rule", "loss", "optimiser", "bias_rate", "output_rate", "noise", "clip", "stale")
	}
	of := c.shown().Task
	if of == SamplesTask {
		because("is for images with labels, and the task samples shows rows without",
			"test_limit", "normalise", "crop", "flip", "cutout", "in_order", "angles", "keep_best", "patience")
	}
	if of == SequencesTask {
		because("is for images, and the task sequences shows the moments of an NPZ file",
			"layout", "resize", "crop_centre", "alpha", "canvas", "crop", "flip", "cutout", "angles")
	}
	if c.encoder() != "" {
		because("is for examples of one moment, and the task encoded shows them as spikes", "angles")
	}
	if c.ownTask() {
		because("is for examples of data, and the task "+c.Task+" makes its own: see hebb list",
			"data", "holdout", "layout", "resize", "crop_centre", "alpha", "canvas", "limit", "test_limit", "normalise", "crop", "flip", "cutout",
			"batch", "in_order", "angles", "keep_best", "patience")
		if c.Photographed() {
			delete(idle, "data")
		}
	}
	if c.Steps > 0 {
		because("has no say in a run of so many steps: want one of the two", "epochs")
	}
	return idle
}

// settled is c with the idle settings of [Default].
func (c Config) settled() Config {
	idle := c.Idle()
	from, to := reflect.ValueOf(Default), reflect.ValueOf(&c).Elem()
	for i := range to.NumField() {
		if key := to.Type().Field(i).Tag.Get("toml"); idle[key] != "" {
			to.Field(i).Set(from.Field(i))
		}
	}
	return c
}

// Differs says in which used settings two configs differ; "" if in none.
func (c Config) Differs(from Config) string { return differences(c.whole(), from.whole()) }

// text is the config as a file: what the run uses.
func (c Config) text() ([]byte, error) {
	var all, used bytes.Buffer
	if err := toml.NewEncoder(&all).Encode(c); err != nil {
		return nil, err
	}
	idle := c.Idle()
	for line := range strings.Lines(all.String()) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		absent := value == `""` && (key == "system" || key == "task" || key == "keep_best") || value == "0" && (key == "steps" || key == "patience" || key == "stale") ||
			value == "false" && key == "keep_all" || value == "1" && key == "micro"
		if idle[key] == "" && !absent {
			used.WriteString(line)
		}
	}
	return used.Bytes(), nil
}
