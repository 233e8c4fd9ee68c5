package crypto

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"pgregory.net/rapid"
)

func sign(t interface {
	Helper()
	Fatal(...any)
}, r *Keyring, text []byte) string {
	t.Helper()
	signature, err := r.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func TestVerify_TheTextTheKeyAndTheSignatureMustAllBelong(t *testing.T) {
	r, other := keyring(t), keyring(t)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "text")
		signature := sign(t, r, text)
		if err := Verify(r.PublicKey(), text, signature); err != nil {
			t.Fatal(err)
		}
		if err := Verify(other.PublicKey(), text, signature); !errors.Is(err, ErrSignature) {
			t.Fatalf("another installation's key: %v", err)
		}
		if err := Verify(r.PublicKey(), append(bytes.Clone(text), 0), signature); !errors.Is(err, ErrSignature) {
			t.Fatalf("a longer text: %v", err)
		}
		changed := bytes.Clone(text)
		changed[rapid.IntRange(0, len(text)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		for _, not := range [][]byte{changed, nil} {
			if err := Verify(r.PublicKey(), not, signature); !errors.Is(err, ErrSignature) {
				t.Fatalf("a changed text: %v", err)
			}
		}
		raw, _ := base64.StdEncoding.DecodeString(signature)
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "signature's byte")] ^= 1
		if err := Verify(r.PublicKey(), text, base64.StdEncoding.EncodeToString(raw)); !errors.Is(err, ErrSignature) {
			t.Fatalf("a changed signature: %v", err)
		}
	})
}

func TestSign_TheKeyIsTheMastersAndTheRandomnessFresh(t *testing.T) {
	master := NewMaster()
	a, errA := NewKeyring(master)
	b, errB := NewKeyring(bytes.Clone(master))
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if a.PublicKey() != b.PublicKey() || a.PublicKey() == keyring(t).PublicKey() {
		t.Fatal("one master has one public key, and no other master has it")
	}
	text := []byte("收件回执")
	if first := sign(t, a, text); first == sign(t, a, text) {
		t.Fatal("two signatures are the same")
	} else if err := Verify(b.PublicKey(), text, first); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
	// Every byte of the master counts.
	for i := range master {
		changed := bytes.Clone(master)
		changed[i] ^= 1
		if r, err := NewKeyring(changed); err != nil || r.PublicKey() == a.PublicKey() {
			t.Fatalf("byte %d of the master does not matter to the signing key, %v", i, err)
		}
	}
}

func TestFirstKey_PassesOverWhatIsNoPrivateKey(t *testing.T) {
	one := append(make([]byte, 31), 1)
	n := sm2.P256().Params().N
	tries := [][]byte{make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), n.FillBytes(make([]byte, 32)), one}
	key, err := firstKey(func(try int) ([]byte, error) { return tries[try], nil })
	if err != nil || key.D.Int64() != 1 {
		t.Fatalf("%v, %v", key, err)
	}
	if _, err := firstKey(func(int) ([]byte, error) { return nil, errors.New("broken") }); err == nil {
		t.Fatal("a derivation that fails goes on")
	}
}

func TestVerify_AnotherKindOfKeyIsRefused(t *testing.T) {
	nist, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&nist.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	r := keyring(t)
	for name, key := range map[string]string{
		"none": "", "no PEM": "key", "P-256": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"damaged": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der[:20]})),
	} {
		if err := Verify(key, []byte("x"), sign(t, r, []byte("x"))); err == nil || errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Verify(r.PublicKey(), []byte("x"), "not base64"); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	if _, err := r.Sign(nil); err == nil {
		t.Error("nothing was signed")
	}
}
