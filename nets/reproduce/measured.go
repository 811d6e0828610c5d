package reproduce

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// A Measurement is a figure as it was once measured.
type Measurement struct {
	Experiment string    `json:"experiment"`
	Scale      string    `json:"scale"`
	Part       string    `json:"part"`
	Run        string    `json:"run"`
	Quantity   Quantity  `json:"quantity"`
	Value      float64   `json:"value"`            // of several seeds the mean
	Spread     float64   `json:"spread,omitempty"` // their standard deviation
	Seed       uint64    `json:"seed"`             // the first
	Seeds      int       `json:"seeds,omitempty"`  // how many, if more than one
	Date       time.Time `json:"date"`
	Device     string    `json:"device"`
}

// of reports whether two measurements are of the same figure.
func (m Measurement) of(o Measurement) bool {
	return m.Experiment == o.Experiment && m.Scale == o.Scale && m.Part == o.Part && m.Run == o.Run && m.Quantity == o.Quantity
}

//go:embed measured.json
var measured []byte

// Measurements returns the figures that hebb was released with, in the order in which they were made.
func Measurements() (all []Measurement, err error) {
	if err = json.Unmarshal(measured, &all); err != nil {
		return nil, fmt.Errorf("measured.json: %w", err)
	}
	return all, nil
}

// Record puts measurements into a file like measured.json, in the place of older ones of the same figures.
func Record(path string, now []Measurement) error {
	var all []Measurement
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if err := json.Unmarshal(text, &all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	for _, m := range now {
		if i := slices.IndexFunc(all, m.of); i >= 0 {
			all[i] = m
		} else {
			all = append(all, m)
		}
	}
	if text, err = json.MarshalIndent(all, "", "  "); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(append(text, '\n'))
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
