// Command licences refuses a library whose licence the project has not
// accepted. It looks at the modules linked into the binary, and reads each
// one's licence file.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// accepted are licences by a phrase that only they have.
var accepted = []struct{ name, phrase string }{
	{"MIT", "Permission is hereby granted, free of charge"},
	{"Apache-2.0", "Apache License"},
	{"BSD", "Redistribution and use in source and binary forms"},
	{"MPL-2.0", "Mozilla Public License"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software"},
	{"ISC", "Permission to use, copy, modify, and distribute this software"},
}

// mostModules bounds what is linked; each one is somebody to trust.
const mostModules = 75

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "licences:", err)
		os.Exit(1)
	}
}

func run() error {
	out, err := exec.Command("go", "list", "-deps", "-json=Module", "./cmd/shouwang").Output()
	if err != nil {
		return fmt.Errorf("listing what is linked: %w", err)
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if p.Module != nil && !p.Module.Main {
			dirs[p.Module.Path] = p.Module.Dir
		}
	}
	counts, problems := map[string]int{}, []string{}
	for module, dir := range dirs {
		name, err := licence(dir)
		if err != nil {
			problems = append(problems, module+": "+err.Error())
			continue
		}
		counts[name]++
	}
	sort.Strings(problems)
	if len(problems) > 0 {
		return errors.New(strings.Join(problems, "\n"))
	}
	if len(dirs) > mostModules {
		return fmt.Errorf("%d modules are linked, more than %d", len(dirs), mostModules)
	}
	fmt.Printf("%d modules linked: %v\n", len(dirs), counts)
	return nil
}

func licence(dir string) (string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "[LC][IO][CP]*"))
	if err != nil {
		return "", err
	}
	for _, n := range names {
		f, err := os.Open(n)
		if err != nil {
			return "", err
		}
		head := make([]byte, 16<<10)
		read, _ := io.ReadFull(bufio.NewReader(f), head)
		f.Close()
		text := strings.Join(strings.Fields(string(head[:read])), " ")
		for _, a := range accepted {
			if strings.Contains(text, a.phrase) {
				return a.name, nil
			}
		}
	}
	return "", fmt.Errorf("no licence the project accepts")
}
