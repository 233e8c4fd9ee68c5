package account

import (
	"time"
)

// Kind is what an organisation is; it decides the line along which a late duty
// goes up.
type Kind string

const (
	VillageCommittee   Kind = "village_committee"   // 村（居）委会
	TownshipGovernment Kind = "township_government" // 乡镇（街道）
	CivilAffairs       Kind = "civil_affairs"       // 县民政部门
	EducationAuthority Kind = "education_authority" // 县教育行政部门
	School             Kind = "school"              // 学校、幼儿园
	PoliceStation      Kind = "police_station"      // 派出所
	CountyPolice       Kind = "county_police"       // 县公安局
	Hospital           Kind = "hospital"            // 医疗卫生机构
	HealthAuthority    Kind = "health_authority"    // 县卫生健康部门
	ReliefInstitution  Kind = "relief_institution"  // 救助保护机构
	MassOrganisation   Kind = "mass_organisation"   // 群团组织
	SocialWorkAgency   Kind = "social_work_agency"  // 社会工作服务机构
	Department         Kind = "department"          // 县级部门
	ConferenceOffice   Kind = "conference_office"   // 联席会议办公室
	SupervisionOffice  Kind = "supervision_office"  // 县政府督查室
	Family             Kind = "family"              // 家庭：监护人的账号属于自己的家庭
)

// KindNames are the kinds in words, in the order screens list them.
var KindNames = []struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}{
	{VillageCommittee, "村（居）委会"}, {TownshipGovernment, "乡镇人民政府（街道办事处）"}, {CivilAffairs, "县民政部门"},
	{EducationAuthority, "县教育行政部门"}, {School, "学校、幼儿园"}, {PoliceStation, "派出所"}, {CountyPolice, "县公安局"},
	{Hospital, "医疗卫生机构"}, {HealthAuthority, "县卫生健康部门"}, {ReliefInstitution, "救助保护机构"},
	{MassOrganisation, "群团组织"}, {SocialWorkAgency, "社会工作服务机构"}, {Department, "县级部门"},
	{ConferenceOffice, "联席会议办公室"}, {SupervisionOffice, "县政府督查室"}, {Family, "家庭"},
}

// Organisation is a unit that carries duties (责任单位).
type Organisation struct {
	ID        string    `db:"id" json:"id"`
	Kind      Kind      `db:"kind" json:"kind"`
	Name      string    `db:"name" json:"name"`
	Region    string    `db:"region" json:"region" doc:"twelve-digit code"`
	ParentID  string    `db:"parent_id" null:"true" json:"parent_id"`
	Telephone string    `db:"telephone" json:"telephone" doc:"an office number, not a person's"`
	CreatedAt time.Time `db:"created_at" json:"created_at"`
	EndedOn   string    `db:"ended_on" json:"ended_on"`
}

// User is a person with an account (工作人员).
type User struct {
	ID         string    `db:"id" json:"id"`
	Username   string    `db:"username" json:"username"`
	Name       string    `db:"name" json:"name"`
	Initials   string    `db:"initials" json:"-"`
	Password   string    `db:"password" json:"-"`
	MustChange bool      `db:"must_change" json:"must_change"`
	DraftKey   []byte    `db:"draft_key" json:"-"`
	CreatedAt  time.Time `db:"created_at" json:"created_at"`
	DisabledAt time.Time `db:"disabled_at" json:"disabled_at,omitzero"`
	Version    int       `db:"version" json:"version"`
}

// Grant is a post held by a user, with its dates.
type Grant struct {
	ID             string    `db:"id" json:"id"`
	UserID         string    `db:"user_id" json:"user_id"`
	Role           string    `db:"role" json:"role"`
	OrganisationID string    `db:"organisation_id" json:"organisation_id"`
	Region         string    `db:"region" json:"region"`
	FromOn         string    `db:"from_on" json:"from_on"`
	UntilOn        string    `db:"until_on" json:"until_on"`
	GrantedBy      string    `db:"granted_by" json:"granted_by"`
	GrantedAt      time.Time `db:"granted_at" json:"granted_at"`
	EndedAt        time.Time `db:"ended_at" json:"ended_at,omitzero"`
	EndedBy        string    `db:"ended_by" json:"ended_by"`
}
