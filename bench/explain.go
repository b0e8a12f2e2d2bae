package main

import (
	"path/filepath"
	"slices"

	"github.com/brood-go/brood/bench/samples"
)

// explainMisses replaces the reasons for missed targets in the files of a folder by those in the
// code, because a reason is often found only after the measurement. A contestant that the code does
// not have, because a peer is not installed here, keeps its reason. A contestant that never does a
// job gets the reason for that too.
func explainMisses(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := explainFile(file); err != nil {
			return err
		}
	}
	return nil
}

func explainFile(file string) error {
	run, err := samples.Read(file)
	if err != nil {
		return err
	}
	for _, s := range scenarios(1) {
		for i := range run.Scenarios {
			if run.Scenarios[i].Name == s.name {
				s.explain(&run.Scenarios[i])
			}
		}
	}
	return run.Write(file)
}

func (s scenario) explain(measured *samples.Scenario) {
	for _, c := range s.contestants {
		named := slices.ContainsFunc(measured.Contestants, func(m samples.Contestant) bool { return m.Name == c.name })
		if c.cannot != "" && !named {
			measured.Contestants = append(measured.Contestants, samples.Contestant{Name: c.name, Samples: []int64{}, Missing: c.cannot})
		}
	}
	for i := range measured.Contestants {
		c := &measured.Contestants[i]
		if k := s.index(c.Name); k >= 0 && s.contestants[k].because != "" {
			c.Because = s.contestants[k].because
		}
	}
}
