// Package storetest gives tests a real, empty, migrated database of each
// engine. PostgreSQL is started from the machine's own binaries, as the user
// postgres when the tests run as root, and dies with the tests. Where it is
// missing the test fails: an engine that was not tried is not green.
package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver the cluster is prepared with
	_ "modernc.org/sqlite"             // so that a test needs one import

	"shouwang/migrations"
	"shouwang/platform/store"
)

// Each runs a test once on SQLite and once on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// SQLite opens a new migrated file.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	template := sqliteTemplate(t)
	if err := os.WriteFile(path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// sqliteTemplate is a migrated file, made once; copying it is faster than
// migrating for every test.
func sqliteTemplate(t testing.TB) []byte {
	sqliteOnce.Do(func() {
		dir, err := os.MkdirTemp("", "shouwang-sqlite-")
		if err != nil {
			sqliteErr = err
			return
		}
		defer os.RemoveAll(dir)
		path := filepath.Join(dir, "template.db")
		db, err := store.Open(context.Background(), "sqlite:"+path)
		if err != nil {
			sqliteErr = err
			return
		}
		if sqliteErr = migrations.Up(context.Background(), db); sqliteErr != nil {
			return
		}
		if sqliteErr = db.Close(); sqliteErr == nil {
			sqliteBytes, sqliteErr = os.ReadFile(path)
		}
	})
	if sqliteErr != nil {
		t.Fatalf("making the SQLite template: %v", sqliteErr)
	}
	return sqliteBytes
}

var (
	sqliteOnce  sync.Once
	sqliteBytes []byte
	sqliteErr   error

	clusterOnce sync.Once
	clusterURL  string // postgres://postgres@127.0.0.1:PORT/%s
	clusterErr  error
	databases   atomic.Int64
)

// URL creates a new migrated PostgreSQL database and returns its address.
func URL(t testing.TB) string {
	t.Helper()
	clusterOnce.Do(func() { clusterURL, clusterErr = cluster() })
	if clusterErr != nil {
		t.Fatalf("PostgreSQL is needed for this test (make test installs it): %v", clusterErr)
	}
	admin, err := sql.Open("pgx", fmt.Sprintf(clusterURL, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	name := fmt.Sprintf("t_%d_%d", os.Getpid(), databases.Add(1))
	template, err := templateDatabase(admin)
	if err != nil {
		t.Fatalf("making the PostgreSQL template: %v", err)
	}
	if _, err := admin.Exec("create database " + name + " template " + template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if admin, err := sql.Open("pgx", fmt.Sprintf(clusterURL, "postgres")); err == nil {
			admin.Exec("drop database if exists " + name + " with (force)")
			admin.Close()
		}
	})
	return fmt.Sprintf(clusterURL, name)
}

// Postgres opens a new migrated database.
func Postgres(t testing.TB) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), URL(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// templateDatabase migrates one database per version of the schema; the
// cluster may be shared by several test programs at once.
func templateDatabase(admin *sql.DB) (string, error) {
	sum := sha256.New()
	for _, name := range must(fs.Glob(migrations.Files(), "*.sql")) {
		sum.Write(must(fs.ReadFile(migrations.Files(), name)))
	}
	name := fmt.Sprintf("template_%x", sum.Sum(nil)[:6])
	ctx := context.Background()
	conn, err := admin.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "select pg_advisory_lock(20161109)"); err != nil {
		return "", err
	}
	defer conn.ExecContext(ctx, "select pg_advisory_unlock(20161109)")
	var n int
	if err := conn.QueryRowContext(ctx, "select count(*) from pg_database where datname = $1 and datistemplate", name).Scan(&n); err != nil || n == 1 {
		return name, err
	}
	if _, err := conn.ExecContext(ctx, "drop database if exists "+name); err != nil {
		return "", err
	}
	if _, err := conn.ExecContext(ctx, "create database "+name); err != nil {
		return "", err
	}
	db, err := store.Open(ctx, fmt.Sprintf(clusterURL, name))
	if err != nil {
		return "", err
	}
	err = migrations.Up(ctx, db)
	db.Close()
	if err != nil {
		return "", err
	}
	_, err = conn.ExecContext(ctx, "alter database "+name+" with is_template true")
	return name, err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// cluster uses the cluster of SHOUWANG_TEST_POSTGRES (a port, set by make test
// so that all packages share one), or starts its own.
func cluster() (string, error) {
	if port := os.Getenv("SHOUWANG_TEST_POSTGRES"); port != "" {
		return "postgres://postgres@127.0.0.1:" + port + "/%s?sslmode=disable", nil
	}
	port, _, err := Start(context.Background(), "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	if err != nil {
		return "", err
	}
	return "postgres://postgres@127.0.0.1:" + strconv.Itoa(port) + "/%s?sslmode=disable", nil
}

// Start makes a cluster in a temporary folder and starts it with extra
// settings; it ends with this program. It returns the port and the server's
// process.
func Start(ctx context.Context, settings ...string) (int, *os.Process, error) {
	bin, err := binaries()
	if err != nil {
		return 0, nil, err
	}
	sweep()
	dir, err := os.MkdirTemp("", "shouwang-pg-")
	if err != nil {
		return 0, nil, err
	}
	credential, err := asPostgres(dir)
	if err != nil {
		return 0, nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--wal-segsize=1")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return 0, nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return 0, nil, err
	}
	args := append([]string{"-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1",
		"-c", "max_connections=200", "-c", "shared_buffers=64MB"}, settings...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return 0, nil, err
	}
	server := exec.Command(filepath.Join(bin, "postgres"), args...)
	server.Dir, server.Stdout, server.Stderr = dir, log, log
	server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT}
	started := make(chan error)
	go func() { // the parent-death signal follows the thread that started the child: it must live on
		runtime.LockOSThread()
		started <- server.Start()
		server.Wait()
		os.RemoveAll(dir)
	}()
	if err := <-started; err != nil {
		return 0, nil, err
	}
	for range 200 {
		db, err := sql.Open("pgx", "postgres://postgres@127.0.0.1:"+strconv.Itoa(port)+"/postgres?sslmode=disable")
		if err == nil {
			err = db.PingContext(ctx)
			db.Close()
		}
		if err == nil {
			return port, server.Process, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, _ := os.ReadFile(log.Name())
	return 0, nil, fmt.Errorf("the server did not start: %s", text)
}

// sweep removes the folders of clusters whose server died with its tests; the
// tests are gone before they could do it themselves.
func sweep() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), "shouwang-pg-*"))
	for _, dir := range folders {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // somebody may be making it just now
		}
		text, _ := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
		pid, _, _ := strings.Cut(string(text), "\n")
		if _, err := os.Stat("/proc/" + pid); pid == "" || err != nil {
			os.RemoveAll(dir)
		}
	}
}

func binaries() (string, error) {
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", fmt.Errorf("no PostgreSQL server is installed")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// asPostgres gives the folder to the user postgres when root runs the tests:
// the server refuses to run as root.
func asPostgres(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return strconv.Atoi(port)
}
