package registry

import (
	"time"

	"shouwang/platform/clock"
	"shouwang/platform/crypto"
	"shouwang/platform/identity"
)

// ChildState is whether a child is on the register.
type ChildState string

const (
	Registered ChildState = "registered" // 登记在册
	Left       ChildState = "left"       // 退出
)

// Whether the child's identity number is on file.
const (
	IdentityHeld    = "held"
	IdentityNone    = "none"    // no number: not registered at birth, or never told
	IdentityDamaged = "damaged" // a spreadsheet turned it into a number and lost digits
)

// Child is one child's file as it lies in the store (儿童档案). Sealed columns
// are bound to SealedVersion, which grows whenever they are sealed anew.
type Child struct {
	ID              string     `db:"id"`
	Number          string     `db:"number"`
	FamilyID        string     `db:"family_id"`
	Region          string     `db:"region"`
	HouseholdRegion string     `db:"household_region"`
	Name            string     `db:"name"`
	Pinyin          string     `db:"pinyin"`
	Initials        string     `db:"initials"`
	Sex             int        `db:"sex"`
	BirthOn         clock.Day  `db:"birth_on"`
	Ethnicity       string     `db:"ethnicity"`
	Identity        []byte     `db:"identity"`
	IdentityIndex   []byte     `db:"identity_index"`
	IdentityState   string     `db:"identity_state"`
	Address         []byte     `db:"address"`
	Telephone       []byte     `db:"telephone"`
	School          string     `db:"school"`
	Schooling       string     `db:"schooling"`
	Grade           string     `db:"grade"`
	State           ChildState `db:"state"`
	RegisteredOn    clock.Day  `db:"registered_on"`
	LeftOn          clock.Day  `db:"left_on"`
	LeftReason      string     `db:"left_reason"`
	SupportLevel    int        `db:"support_level"`
	Invented        bool       `db:"invented"`
	ImportID        string     `db:"import_id"`
	CreatedAt       time.Time  `db:"created_at"`
	UpdatedAt       time.Time  `db:"updated_at"`
	SealedVersion   int        `db:"sealed_version"`
	Version         int        `db:"version"`
}

func (c *Child) place(column string) crypto.Place {
	return crypto.Place{Column: "registry_child." + column, ID: c.ID, Version: c.SealedVersion}
}

// Particulars are what is known of a child, open (儿童基本信息). Empty means not
// collected; few are required.
type Particulars struct {
	Name            string    `json:"name" minLength:"1" maxLength:"40" see:"basic"`
	Sex             int       `json:"sex" enum:"0,1,2,9" default:"0" doc:"GB/T 2261.1" see:"basic"`
	BirthOn         clock.Day `json:"birth_on" maxLength:"10" see:"basic"`
	Ethnicity       string    `json:"ethnicity" maxLength:"20" see:"basic"`
	Identity        string    `json:"identity" maxLength:"30" doc:"GB 11643; masked when read" see:"identity"`
	Region          string    `json:"region" pattern:"^[0-9]{12}$" patternDescription:"村（社区）" doc:"where the child lives" see:"basic"`
	HouseholdRegion string    `json:"household_region" maxLength:"12" see:"basic"`
	Address         string    `json:"address" maxLength:"100" doc:"below the village: group and house" see:"contact"`
	Telephone       string    `json:"telephone" maxLength:"30" doc:"masked when read" see:"contact"`
	School          string    `json:"school" maxLength:"60" see:"basic"`
	Grade           string    `json:"grade" maxLength:"30" see:"basic"`
}

// Relative is somebody of the child's family or care (家庭成员、监护人、受委托人).
type Relative struct {
	ID        string    `json:"id" see:"family"`
	PersonID  string    `json:"person_id" see:"family"`
	Kinship   string    `json:"kinship" maxLength:"2" doc:"GB/T 4761" see:"family"`
	Name      string    `json:"name" minLength:"1" maxLength:"40" see:"family"`
	BirthOn   clock.Day `json:"birth_on" maxLength:"10" see:"family"`
	Identity  string    `json:"identity" maxLength:"30" see:"identity"`
	Telephone string    `json:"telephone" maxLength:"30" see:"contact"`
	Guardian  bool      `json:"guardian" see:"family"`
	Carer     bool      `json:"carer" see:"family"`
	SinceOn   clock.Day `json:"since_on" maxLength:"10" see:"family"`
	UntilOn   clock.Day `json:"until_on" maxLength:"10" see:"family"`
}

// NewFact is a fact as somebody records it.
type NewFact struct {
	About     string    `json:"about" enum:"child,father,mother,carer"`
	Kind      string    `json:"kind" maxLength:"20"`
	Value     string    `json:"value" maxLength:"100"`
	Detail    string    `json:"detail,omitempty" maxLength:"500"`
	Place     string    `json:"place,omitempty" maxLength:"12"`
	PlaceText string    `json:"place_text,omitempty" maxLength:"60"`
	StartOn   clock.Day `json:"start_on,omitempty" maxLength:"10"`
	KnownOn   clock.Day `json:"known_on,omitempty" maxLength:"10"`
}

// NewFile is a child to be entered, with family and facts.
type NewFile struct {
	Child         Particulars
	IdentityState string // IdentityDamaged when a number was there but not readable
	Relatives     []Relative
	Facts         []NewFact
	Invented      bool
}

// Source is where facts come from.
type Source struct {
	Kind string // desk, import, visit, move
	ID   string
}

// Kinship codes of GB/T 4761 that this program sets by itself.
const (
	Father              = "51"
	Mother              = "52"
	Grandparents        = "60"
	PaternalGrandfather = "61"
	PaternalGrandmother = "62"
	MaternalGrandfather = "63"
	MaternalGrandmother = "64"
	OtherRelative       = "97"
	NoRelative          = "99"
)

// Kinships are the relations forms offer, in words (GB/T 4761-2008).
var Kinships = []Word{
	{Father, "父亲"}, {Mother, "母亲"}, {"57", "继父或养父"}, {"58", "继母或养母"},
	{PaternalGrandfather, "祖父"}, {PaternalGrandmother, "祖母"}, {MaternalGrandfather, "外祖父"}, {MaternalGrandmother, "外祖母"},
	{Grandparents, "祖父母或外祖父母"}, {"66", "曾祖父"}, {"70", "兄弟姐妹"}, {"81", "伯父"}, {"83", "叔父"}, {"85", "舅父"},
	{"87", "姨父"}, {"89", "姑父"}, {"82", "伯母"}, {"84", "婶母"}, {"86", "舅母"}, {"88", "姨母"}, {"90", "姑母"}, {OtherRelative, "其他亲属"}, {NoRelative, "非亲属"},
}

// KinshipName says a kinship in words.
func KinshipName(code string) string {
	for _, w := range Kinships {
		if w.Code == code {
			return w.Name
		}
	}
	return ""
}

type family struct {
	ID        string    `db:"id"`
	Region    string    `db:"region"`
	CreatedAt time.Time `db:"created_at"`
}

type person struct {
	ID             string    `db:"id"`
	FamilyID       string    `db:"family_id"`
	Region         string    `db:"region"`
	Name           string    `db:"name"`
	Sex            int       `db:"sex"`
	BirthOn        clock.Day `db:"birth_on"`
	Identity       []byte    `db:"identity"`
	IdentityIndex  []byte    `db:"identity_index"`
	Telephone      []byte    `db:"telephone"`
	TelephoneIndex []byte    `db:"telephone_index"`
	ImportID       string    `db:"import_id"`
	CreatedAt      time.Time `db:"created_at"`
	Version        int       `db:"version"`
}

func (p *person) place(column string) crypto.Place {
	return crypto.Place{Column: "registry_person." + column, ID: p.ID, Version: p.Version}
}

type relation struct {
	ID         string    `db:"id"`
	ChildID    string    `db:"child_id"`
	PersonID   string    `db:"person_id"`
	Region     string    `db:"region"`
	Kinship    string    `db:"kinship"`
	Guardian   bool      `db:"guardian"`
	Carer      bool      `db:"carer"`
	SinceOn    clock.Day `db:"since_on"`
	UntilOn    clock.Day `db:"until_on"`
	RecordedAt time.Time `db:"recorded_at"`
}

// sayings joins every way a name may be said, for search.
func sayings(name string) (pinyin, initials string) {
	for i, r := range identity.Pinyin(name) {
		if i > 0 {
			pinyin, initials = pinyin+" ", initials+" "
		}
		pinyin, initials = pinyin+r.Full, initials+r.Initials
	}
	return pinyin, initials
}
