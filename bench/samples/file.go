package samples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Write writes a run to a file.
func (r *Run) Write(file string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(joinSamples(data), '\n'), 0o644)
}

// joinSamples puts the samples of a contestant on one line. Indented JSON has a line for each.
func joinSamples(data []byte) []byte {
	var out bytes.Buffer
	inside := false
	for line := range bytes.Lines(data) {
		trimmed := bytes.TrimSpace(line)
		switch {
		case bytes.HasSuffix(trimmed, []byte(`"samples": [`)):
			inside = true
			out.Write(bytes.TrimRight(line, "\n"))
		case inside && trimmed[0] == ']':
			inside = false
			out.Write(bytes.TrimLeft(line, "\t"))
		case inside:
			out.Write(trimmed)
		default:
			out.Write(line)
		}
	}
	return out.Bytes()
}

// Read reads a file of Write. An unknown member is an error, and so is a scenario without name,
// operations or measure.
func Read(file string) (*Run, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(Run)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, s := range r.Scenarios {
		if s.Name == "" || s.Ops <= 0 || s.Measure != Nanoseconds && s.Measure != Memory {
			return nil, fmt.Errorf("%s: scenario %q has no name, operations or measure", file, s.Name)
		}
		present := s.Present()
		for _, i := range present { // A ratio needs the same rounds of both.
			if c, first := s.Contestants[i], s.Contestants[present[0]]; len(c.Samples) != len(first.Samples) {
				return nil, fmt.Errorf("%s: scenario %q has %d rounds of %s, and %d of %s", file, s.Name, len(c.Samples), c.Name, len(first.Samples), first.Name)
			}
		}
	}
	return r, nil
}

// ReadAll reads the runs of a folder, the oldest first.
func ReadAll(dir string) ([]*Run, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*Run
	for _, file := range files {
		r, err := Read(file)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b *Run) int { return a.Date.Compare(b.Date) })
	return all, nil
}

// Latest is the newest measurement of a scenario.
type Latest struct {
	*Scenario
	Run *Run
}

// Newest returns the newest measurement of each scenario. runs must be in order, the oldest first.
// The scenarios of a run stay in order, and those of the newest run come first.
func Newest(runs []*Run) (all []Latest) {
	seen := map[string]bool{}
	for _, r := range slices.Backward(runs) {
		for i := range r.Scenarios {
			if s := &r.Scenarios[i]; !seen[s.Name] {
				seen[s.Name] = true
				all = append(all, Latest{s, r})
			}
		}
	}
	return all
}

// AddVersions adds the versions of peers.
func (r *Run) AddVersions(versions map[string]string) {
	maps.Copy(r.Versions, versions)
	// The version that brood reports is that of the Node whose behaviour it has.
	delete(r.Versions, "brood")
}

// Steadiness returns a sentence about the machine's speed during a run; empty if it was not
// measured.
func (r *Run) Steadiness() string {
	cpu, wakeUp, ok := r.Varied()
	if !ok {
		return ""
	}
	return fmt.Sprintf("Around the scenarios a fixed calculation took %.2f to %.2f × its median, and waking a thread %.2f to %.2f ×.",
		cpu.Least, cpu.Most, wakeUp.Least, wakeUp.Most)
}

// Summary returns date, machine and versions of a run in one line.
func (r *Run) Summary() string {
	m := r.Machine
	text := fmt.Sprintf("%s, %s, %d CPUs, %s, %s", r.Date.Format("2006-01-02"), m.Processor, m.CPUs, m.System, m.Go)
	var versions []string
	for name, version := range r.Versions {
		versions = append(versions, name+" "+version)
	}
	slices.Sort(versions)
	return strings.Join(append([]string{text}, versions...), ", ") + "; " + r.Pinning
}
