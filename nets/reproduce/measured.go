package reproduce

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
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
	Values     Values    `json:"values,omitempty"` // of each, if there are more than one
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
func Measurements() ([]Measurement, error) { return parse("measured.json", measured) }

// ReadMeasurements returns the figures in a file like measured.json; none where there is no file.
func ReadMeasurements(path string) ([]Measurement, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(path, text)
}

func parse(path string, text []byte) (all []Measurement, err error) {
	if err = json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// Record puts measurements into a file like measured.json, in the place of older ones of the same figures.
func Record(path string, now []Measurement) error {
	all, err := ReadMeasurements(path)
	if err != nil {
		return err
	}
	for _, m := range now {
		if i := slices.IndexFunc(all, m.of); i >= 0 {
			all[i] = m
		} else {
			all = append(all, m)
		}
	}
	return write(path, all)
}

// Measurements returns the figures of the rows of an experiment that have a mean.
func (all Rows) Measurements(experiment, scale string, p Part) (now []Measurement) {
	for i, row := range all {
		for _, f := range p.Runs[i].Figures {
			v := row.Figures[f.What]
			if math.IsNaN(v.Mean()) {
				continue
			}
			m := Measurement{Experiment: experiment, Scale: scale, Part: row.Part, Run: row.Run, Quantity: f.What, Value: v.Mean(),
				Seed: row.Seeds.First, Date: row.Made.UTC(), Device: fmt.Sprint(row.Device)}
			if len(v) > 1 {
				m.Spread, m.Values, m.Seeds = v.SD(), v, len(v)
			}
			now = append(now, m)
		}
	}
	return now
}
