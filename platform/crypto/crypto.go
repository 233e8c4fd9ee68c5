// Package crypto keeps what a thief of the database must not read: identity
// numbers, telephones, house-level addresses, health, narratives. Each person
// has a data key; it lies in the store wrapped by the installation's key,
// which does not. A sealed value is bound to its table, column, row and
// version, so it cannot be moved to another place and still open. Exact
// look-up of an identity number or a telephone goes by a keyed blind index.
//
// The suite is SM4-GCM for sealing, HMAC-SM3 for indexes and digests and SM2
// for signatures (GM/T 0002, 0004, 0003), as an installation of the State is
// expected to use.
package crypto

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"

	"shouwang/platform/store"
)

// Keyring wraps and unwraps people's keys, and signs as the installation.
type Keyring struct {
	wrap   cipher.AEAD
	index  []byte
	sign   *sm2.PrivateKey
	public string // of sign, in PEM
}

const masterSize = 48 // 16 bytes wrap keys, 32 bytes make indexes

// NewMaster makes the installation's key.
func NewMaster() []byte {
	b := make([]byte, masterSize)
	rand.Read(b)
	return b
}

// LoadMaster reads the installation's key from a file, and makes the file when
// create is set and there is none. The file is readable by its owner alone, and
// on the disk before anything is sealed under it: whoever loses it loses all.
func LoadMaster(path string, create bool) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && create {
		text = []byte(base64.StdEncoding.EncodeToString(NewMaster()))
		if err := WriteKey(path, text); err != nil {
			return nil, fmt.Errorf("keeping the installation's key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("reading the installation's key: %w", err)
	}
	master, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil || len(master) != masterSize {
		return nil, fmt.Errorf("the installation's key in %s is damaged", path)
	}
	return master, nil
}

// WriteKey writes a key's file, which must not be there yet, for its owner's
// eyes alone and through to the disk, its name in the folder included.
func WriteKey(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	if runtime.GOOS == "windows" { // folders cannot be synced there
		return nil
	}
	return folder.Sync()
}

// NewKeyring returns the keyring of an installation's key.
func NewKeyring(master []byte) (*Keyring, error) {
	if len(master) != masterSize {
		return nil, errors.New("crypto: the installation's key has the wrong length")
	}
	wrap, err := gcm(master[:16])
	if err != nil {
		return nil, err
	}
	sign, err := signer(master)
	if err != nil {
		return nil, err
	}
	public, err := MarshalPublicKey(&sign.PublicKey)
	if err != nil {
		return nil, err
	}
	return &Keyring{wrap, append([]byte(nil), master[16:]...), sign, public}, nil
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// Key is one person's data key, unwrapped.
type Key struct {
	owner string
	aead  cipher.AEAD
	mac   []byte
}

// ErrDestroyed means the person's key is gone, and with it every sealed value.
var ErrDestroyed = errors.New("crypto: this person's key was destroyed")

type keyRow struct {
	OwnerID   string    `db:"owner_id"`
	Wrapped   []byte    `db:"wrapped"`
	CreatedAt time.Time `db:"created_at"`
}

// New makes keys for new people, in the transaction that first seals for them.
func (r *Keyring) New(ctx context.Context, tx *store.Tx, now time.Time, owners ...string) (map[string]*Key, error) {
	keys := make(map[string]*Key, len(owners))
	rows := make([]keyRow, 0, len(owners))
	for _, owner := range owners {
		var raw [16]byte
		rand.Read(raw[:])
		key, err := r.key(owner, raw[:])
		if err != nil {
			return nil, err
		}
		keys[owner] = key
		rows = append(rows, keyRow{owner, seal(r.wrap, raw[:], "key:"+owner), now})
	}
	if err := store.Insert(ctx, tx, "crypto_key", rows...); err != nil {
		return nil, fmt.Errorf("keeping data keys: %w", err)
	}
	return keys, nil
}

// Keys unwraps the keys of people, in one query. An owner without a key is
// left out of the result.
func (r *Keyring) Keys(ctx context.Context, q store.Querier, owners ...string) (map[string]*Key, error) {
	keys := make(map[string]*Key, len(owners))
	const batch = 400
	for len(owners) > 0 {
		n := min(batch, len(owners))
		rows, err := store.All[keyRow](ctx, q, `
			select owner_id, wrapped, created_at
			  from crypto_key
			 where owner_id in (`+store.Marks(n)+`)`, store.Anys(owners[:n])...)
		if err != nil {
			return nil, fmt.Errorf("reading data keys: %w", err)
		}
		for _, row := range rows {
			if row.Wrapped == nil {
				continue
			}
			raw, err := open(r.wrap, row.Wrapped, "key:"+row.OwnerID)
			if err != nil {
				return nil, fmt.Errorf("unwrapping the key of %s: %w", row.OwnerID, err)
			}
			if keys[row.OwnerID], err = r.key(row.OwnerID, raw); err != nil {
				return nil, err
			}
		}
		owners = owners[n:]
	}
	return keys, nil
}

// Key is Keys for one person; ErrDestroyed when there is none any more.
func (r *Keyring) Key(ctx context.Context, q store.Querier, owner string) (*Key, error) {
	keys, err := r.Keys(ctx, q, owner)
	if err != nil {
		return nil, err
	}
	if keys[owner] == nil {
		return nil, ErrDestroyed
	}
	return keys[owner], nil
}

// Destroy erases a person: nothing sealed under their key can be read again.
func (r *Keyring) Destroy(ctx context.Context, tx *store.Tx, owner string, now time.Time) error {
	_, err := store.Exec(ctx, tx, `
		update crypto_key set wrapped = null, destroyed_at = ?
		 where owner_id = ? and destroyed_at is null`, now, owner)
	return err
}

func (r *Keyring) key(owner string, raw []byte) (*Key, error) {
	aead, err := gcm(raw)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sm3.New, raw)
	io.WriteString(mac, "digest")
	return &Key{owner: owner, aead: aead, mac: mac.Sum(nil)}, nil
}

// Place is where a sealed value lies. A value opens only at its own place.
type Place struct {
	Column  string // "registry_child.identity"
	ID      string // the row
	Version int    // the row's version when it was sealed; 0 where a row never changes
}

// bound is one text for each place and no other: the column's length and the
// version at the end leave only one way to read it.
func (p Place) bound() string {
	return strconv.Itoa(len(p.Column)) + ":" + p.Column + ":" + p.ID + ":" + strconv.Itoa(p.Version)
}

// Seal encrypts a value; an empty value stays empty, since an absent telephone
// is no secret and lists must count what was never collected.
func (k *Key) Seal(p Place, plain string) []byte {
	if plain == "" {
		return nil
	}
	return seal(k.aead, []byte(plain), p.bound())
}

// Open decrypts a value sealed at the same place.
func (k *Key) Open(p Place, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	plain, err := open(k.aead, sealed, p.bound())
	if err != nil {
		return "", fmt.Errorf("opening %s of %s: %w", p.Column, p.ID, err)
	}
	return string(plain), nil
}

// Digest stands for a sensitive value in the journal: equal values of one
// person have equal digests, and nothing else can be learned from one.
func (k *Key) Digest(plain string) string {
	if plain == "" {
		return ""
	}
	mac := hmac.New(sm3.New, k.mac)
	io.WriteString(mac, plain)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
}

// Index is the blind index of a value for exact look-up. The space of identity
// numbers is small enough to try them all; only the key protects it.
func (r *Keyring) Index(kind, value string) []byte {
	if value == "" {
		return nil
	}
	mac := hmac.New(sm3.New, r.index)
	io.WriteString(mac, kind)
	mac.Write([]byte{0})
	io.WriteString(mac, value)
	return mac.Sum(nil)[:16]
}

const layout = 1 // the first byte of a sealed value, for a later change of suite

func seal(aead cipher.AEAD, plain []byte, bound string) []byte {
	out := make([]byte, 1+aead.NonceSize(), 1+aead.NonceSize()+len(plain)+aead.Overhead())
	out[0] = layout
	rand.Read(out[1:])
	return aead.Seal(out, out[1:], plain, []byte(bound))
}

func open(aead cipher.AEAD, sealed []byte, bound string) ([]byte, error) {
	n := 1 + aead.NonceSize()
	if len(sealed) < n || sealed[0] != layout {
		return nil, errors.New("crypto: not a sealed value")
	}
	return aead.Open(nil, sealed[1:n], sealed[n:], []byte(bound))
}
