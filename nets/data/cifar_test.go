package data

import (
	"bytes"
	"strings"
	"testing"

	"hebb/internal/must"
)

// record is an image of CIFAR in which pixel i has red i, green i+1 and blue i+2, all plus its labels.
func record(labels ...byte) []byte {
	b := bytes.Clone(labels)
	for plane := range 3 {
		for i := range cifarPixels {
			b = append(b, byte(i+plane)+labels[len(labels)-1])
		}
	}
	return b
}

func TestLoadCIFAR10(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "data_batch_1.bin", append(record(3), record(9)...))
	put(t, dir, "data_batch_2.bin", record(0))
	put(t, dir, "test_batch.bin", record(7))
	put(t, dir, "batches.meta.txt", []byte("a b c d e f g h i j\n\n"))
	s := must.Get(Load(dir, Options{}))(t)
	if s.Height != 32 || s.Width != 32 || s.Channels != 3 || s.Classes != 10 || s.ClassNames[9] != "j" || s.Train.N() != 3 || s.Test.N() != 1 {
		t.Errorf("%+v", s)
	}
	if got := s.Train.Labels; got[0] != 3 || got[1] != 9 || got[2] != 0 || s.Test.Labels[0] != 7 {
		t.Errorf("labels %v and %v", got, s.Test.Labels)
	}
	for i := range cifarPixels { // of the second image, channels last
		at := s.Train.Pixels[cifarValues+3*i:]
		if at[0] != byte(i+9) || at[1] != byte(i+10) || at[2] != byte(i+11) {
			t.Fatalf("pixel %d is %v, want %v", i, at[:3], []byte{byte(i + 9), byte(i + 10), byte(i + 11)})
		}
	}
}

func TestLoadCIFAR100(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "train.bin", append(record(19, 99), record(0, 1)...))
	put(t, dir, "test.bin", record(5, 50))
	s, err := Load(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Classes != 100 || s.Train.Labels[0] != 99 || s.Train.Labels[1] != 1 || s.Test.Labels[0] != 50 || s.Train.Pixels[0] != 99 {
		t.Errorf("want the fine labels: %+v, %v", s, s.Train.Labels)
	}
	put(t, dir, "fine_label_names.txt", []byte("apple\nbaby\n"))
	_, err = Load(dir, Options{})
	wantIn(t, "two names", err, "fine_label_names.txt", "2 names, want 100")
}

func TestDamagedCIFAR(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":              {nil, "empty"},
		"cut":                {record(1)[:3000], "0 records of 3073 bytes, then 3000 bytes"},
		"cut in the second":  {append(record(1), 1, 2), "1 records of 3073 bytes, then 2 bytes"},
		"a label of 10":      {append(record(1), record(10)...), "label 10 of record 1, want 0 to 9"},
		"records of two":     {record(1, 20), "then 1 bytes"},
		"an archive instead": {[]byte("\x1f\x8b\x08"), "then 3 bytes"},
	} {
		dir := t.TempDir()
		put(t, dir, "data_batch_1.bin", c.file)
		_, err := Load(dir, Options{})
		wantIn(t, name, err, "data_batch_1.bin", c.want)
	}
	dir := t.TempDir()
	put(t, dir, "data_batch_1.bin", record(1))
	put(t, dir, "data_batch_3.bin", record(1))
	_, err := Load(dir, Options{})
	wantIn(t, "a batch is missing", err, "data_batch_2.bin")
}

// FuzzReadCIFAR: what is read has as many values as labels ask for, and is what the file has. The file
// is body again and again up to size bytes, since fuzzing is slow with inputs of a record's length.
func FuzzReadCIFAR(f *testing.F) {
	f.Add([]byte{3, 200}, uint16(3073), uint8(1))
	f.Add([]byte{3}, uint16(3000), uint8(1))
	f.Add([]byte{10, 20, 30}, uint16(2*3074), uint8(0))
	f.Add([]byte{99}, uint16(1), uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, size uint16, labels uint8) {
		if len(body) == 0 {
			body = []byte{0}
		}
		file := bytes.Repeat(body, int(size)/len(body)+1)[:size]
		n := int(labels%2) + 1
		s := new(Split)
		err := s.readCIFAR(bytes.NewReader(file), n, 10*n)
		if want := len(file) > 0 && len(file)%(n+cifarValues) == 0; err == nil && !want {
			t.Fatalf("%d bytes were read as whole records", len(file))
		}
		if err != nil {
			return
		}
		if len(s.Labels) != len(file)/(n+cifarValues) || len(s.Pixels) != cifarValues*len(s.Labels) {
			t.Fatalf("%d values and %d labels of %d bytes", len(s.Pixels), len(s.Labels), len(file))
		}
		for i, l := range s.Labels {
			rec := file[i*(n+cifarValues):]
			if int(rec[n-1]) != l || rec[n+2*cifarPixels+5] != s.Pixels[i*cifarValues+3*5+2] {
				t.Fatalf("record %d does not read as it is", i)
			}
		}
	})
}

func TestNames(t *testing.T) {
	if got := strings.Join(Names(), " "); got != "fashion-mnist mnist kmnist cifar10 cifar100" {
		t.Errorf("names are %s", got)
	}
}
