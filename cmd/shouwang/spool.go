package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"shouwang/app"
	"shouwang/platform/crypto"
	"shouwang/platform/spool"
)

type spools struct {
	Keygen spoolKeygen `cmd:"" help:"Make the pair of keys: the private one to keep offline, the public one for the server."`
	Check  spoolCheck  `cmd:"" help:"Count the whole records and name every damage; needs no key."`
	Read   spoolRead   `cmd:"" help:"Print the records as JSON lines, in plain text."`

	Restore spoolRestore `cmd:"" help:"File again every report of the spool that the database has lost, under the number its sender was told."`
}

type spoolKeygen struct {
	Private string `required:"" type:"path" help:"File for the private key; best on a stick that leaves the server."`
	Public  string `required:"" type:"path" help:"File for the public key."`
}

func (k spoolKeygen) Run() error {
	private, public, err := spool.GenerateKey()
	if err != nil {
		return err
	}
	if err := crypto.WriteKey(k.Private, []byte(private)); err != nil {
		return fmt.Errorf("keeping the private key: %w", err)
	}
	if err := crypto.WriteKey(k.Public, []byte(public)); err != nil {
		return fmt.Errorf("keeping the public key: %w", err)
	}
	fmt.Printf("公钥 %s 留在服务器上。\n私钥 %s 请立即移到两处离线保存，并从服务器上删除：没有私钥，强制报告的第二份无法读出。\n", k.Public, k.Private)
	return nil
}

type spoolCheck struct {
	Dir string `arg:"" type:"existingdir" help:"The spool's folder."`
}

func (c spoolCheck) Run() error {
	whole, found, err := spool.Check(c.Dir)
	if err != nil {
		return err
	}
	bad := 0
	for _, d := range found {
		if tell(os.Stdout, d) {
			bad++
		}
	}
	fmt.Printf("完整的记录 %d 条，损坏 %d 处。\n", whole, bad)
	return unread(bad)
}

type spoolRead struct {
	Key string `required:"" type:"existingfile" help:"The private key's file."`
	Dir string `arg:"" type:"existingdir" help:"The spool's folder."`
}

func (r spoolRead) Run() error { return r.print(os.Stdout, os.Stderr) }

// spoolLine is one record as the command prints it: as JSON when it is JSON, as
// base64 when not.
type spoolLine struct {
	ID     string          `json:"id"`
	Record json.RawMessage `json:"record,omitempty"`
	Bytes  []byte          `json:"bytes,omitempty"`
}

// print writes the records to one writer and what cannot be read to the other,
// and fails in the end when anything that may have been acknowledged is missing.
func (r spoolRead) print(out, told io.Writer) error {
	key, err := os.ReadFile(r.Key)
	if err != nil {
		return err
	}
	lines, bad := json.NewEncoder(out), 0
	for record, err := range spool.Read(r.Dir, string(key)) {
		var d *spool.Damage
		switch {
		case errors.As(err, &d):
			if tell(told, d) {
				bad++
			}
			continue
		case err != nil:
			return err
		}
		line := spoolLine{ID: record.ID, Bytes: record.Data}
		if json.Valid(record.Data) {
			line.Record, line.Bytes = record.Data, nil
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
	return unread(bad)
}

type spoolRestore struct {
	Where
	Private string `required:"" type:"existingfile" help:"The private key's file."`
	Dir     string `arg:"" type:"existingdir" help:"The spool's folder."`
}

func (r spoolRestore) Run(ctx context.Context) error {
	key, err := os.ReadFile(r.Private)
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, r.config(false))
	if err != nil {
		return err
	}
	defer a.Close()
	filed, bad := 0, 0
	for record, err := range spool.Read(r.Dir, string(key)) {
		var d *spool.Damage
		switch {
		case errors.As(err, &d):
			if tell(os.Stderr, d) {
				bad++
			}
			continue
		case err != nil:
			return err
		}
		if _, err := a.Report.Restore(ctx, record.Data); err != nil {
			fmt.Fprintf(os.Stderr, "%s：%s\n", record.ID, explain(err))
			bad++
			continue
		}
		filed++
	}
	fmt.Printf("%d 份报告都在数据库里了。\n", filed)
	return unread(bad)
}

// tell prints a damage, and reports whether it may have been an acknowledged
// record.
func tell(w io.Writer, d *spool.Damage) bool {
	text := map[spool.Kind]string{
		spool.Torn:       "写到一半中断，这一条没有回执",
		spool.Damaged:    "已损坏",
		spool.Unreadable: "磁盘读不出",
		spool.Foreign:    "不是用这把密钥封存的，编号 " + d.ID,
	}[d.Kind]
	fmt.Fprintf(w, "%s 第 %d 字节起 %d 字节：%s\n", d.File, d.At, d.Length, text)
	return d.Kind != spool.Torn
}

func unread(bad int) error {
	if bad > 0 {
		return fmt.Errorf("有 %d 处没能读出，其余记录都已给出", bad)
	}
	return nil
}
