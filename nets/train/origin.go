package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hebb/nets"
	"hebb/nets/data"
	"hebb/nets/safetensors"
)

// An Origin describes the data that a model learned from, as far as the model goes by them: it is in the record of a run and
// in the metadata of model files.
type Origin struct {
	Checksum   string     `json:"checksum"` // see data.Set.Checksum
	Examples   int        `json:"examples"` // of the training part
	Holdout    float64    `json:"holdout"`  // share that was kept for testing, where the data had no test part
	Limit      int        `json:"limit"`    // learned from the first so many examples; 0: all
	Shape      nets.Shape `json:"shape"`    // of an example, channels last
	Classes    int        `json:"classes"`
	ClassNames []string   `json:"class_names,omitempty"` // where the data name them
	Normalise  string     `json:"normalise"`             // see data.Normalisations
	Mean       []float32  `json:"mean,omitempty"`        // of each channel, subtracted
	SD         []float32  `json:"sd,omitempty"`          // of each channel, divided by

	Sequences *data.Sequences `json:"sequences,omitempty"` // what they want; nil of images
}

// originKey is that of the metadata of a model file.
const originKey = "trained_on"

// originOf describes a set as a run with the Config learns from it.
func originOf(c Config, s *data.Set) *Origin {
	n := s.Normalisation(c.Normalise)
	return &Origin{Checksum: s.Checksum(), Examples: s.Train.N(), Holdout: c.Holdout, Limit: c.Limit, Shape: shapeOf(s), Classes: s.Classes,
		ClassNames: s.ClassNames, Normalise: c.Normalise, Mean: n.Mean, SD: n.SD, Sequences: s.Sequences}
}

// ModelOrigin returns what a model file says of the data that it learned from; nil where it says nothing, as those of PyTorch
// and of a hebb before this.
func ModelOrigin(path string) (*Origin, error) {
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return originIn(path, f)
}

func originIn(path string, f *safetensors.File) (*Origin, error) {
	text, ok := f.Metadata[originKey]
	if !ok {
		return nil, nil
	}
	o := new(Origin)
	if err := json.Unmarshal([]byte(text), o); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", path, originKey, err)
	}
	return o, nil
}

// normalisation is how examples are normalised; nothing of a task without data.
func (o *Origin) normalisation() data.Normalise {
	if o == nil {
		return data.Normalise{}
	}
	return data.Normalise{Mean: o.Mean, SD: o.SD}
}

// names are the names of the classes, or else their numbers.
func (o *Origin) names() []string {
	if o.ClassNames != nil {
		return o.ClassNames
	}
	names := make([]string, o.Classes)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	return names
}

// errClasses is wrapped where data have classes that a model does not know.
var errClasses = errors.New("other classes than the model's")

// match returns a part of a set with the labels that the model has for its classes: by their names or, where one of the two
// has none, by their numbers, which note says.
func (o *Origin) match(s *data.Set, part *data.Split, where string) (matched *data.Split, note string, err error) {
	own := o.names()
	if s.ClassNames == nil {
		for i, l := range part.Labels {
			if l >= o.Classes {
				return nil, "", fmt.Errorf("%s has %w: label %d of example %d, want 0 to %d", where, errClasses, l, i, o.Classes-1)
			}
		}
		if o.ClassNames != nil {
			note = fmt.Sprintf("%s does not name its classes: they are taken by number, 0 for %s and so on", where, own[0])
		}
		return part, note, nil
	}
	to, unknown := make([]int, len(s.ClassNames)), []string(nil)
	for i, name := range s.ClassNames {
		if to[i] = slices.Index(own, name); to[i] < 0 {
			unknown = append(unknown, name)
		}
	}
	switch {
	case unknown == nil:
	case o.ClassNames == nil && len(s.ClassNames) == o.Classes:
		return part, fmt.Sprintf("the model does not name its classes: those of %s are taken by number, 0 for %s and so on", where, s.ClassNames[0]), nil
	default:
		return nil, "", fmt.Errorf("%s has %w: it has %s, the model knows %s, and so not %s", where, errClasses,
			strings.Join(s.ClassNames, ", "), strings.Join(own, ", "), strings.Join(unknown, ", "))
	}
	matched = &data.Split{Pixels: part.Pixels, Floats: part.Floats, Labels: make([]int, part.N())}
	for i, l := range part.Labels {
		matched.Labels[i] = to[l]
	}
	return matched, "", nil
}

// A contentError says that data are not those that a run learned from.
type contentError struct{ path, found, want, from string }

func (e contentError) Error() string {
	return fmt.Sprintf("%s holds other data than the run learned from (%s): checksum %s, want %s", e.path, e.from, e.found, e.want)
}
