package authz

// Role is one of the few parts a person plays. Which actions a role has is
// decided by each mechanism's rules; here is only what the role is, in the
// words of the people who assign it.
type Role string

const (
	VillageDirector    Role = "village_director"
	TownshipSupervisor Role = "township_supervisor"
	CivilAffairs       Role = "civil_affairs"
	Education          Role = "education"
	SchoolLeader       Role = "school_leader"
	ClassTeacher       Role = "class_teacher"
	Police             Role = "police"
	Health             Role = "health"
	Relief             Role = "relief"
	MassOrganisation   Role = "mass_organisation"
	SocialWorkAgency   Role = "social_work_agency"
	Department         Role = "department"
	Conference         Role = "conference"
	Supervision        Role = "supervision"
	Guardian           Role = "guardian"
	SystemAdmin        Role = "system_admin"
	SecurityAdmin      Role = "security_admin"
	AuditAdmin         Role = "audit_admin"
)

// RoleInfo describes a role to the person who assigns it.
type RoleInfo struct {
	Role  Role   `json:"role"`
	Name  string `json:"name"`
	About string `json:"about"`
	// Alone means the holder may hold no other role: the three administrators
	// cannot stand in for each other (三员分立), nor for anyone else.
	Alone bool `json:"alone"`
	// Sees lists the groups of fields the role may be shown.
	Sees []Group `json:"sees"`
}

// Group is a class of fields that leaves together or not at all.
type Group string

const (
	SeeBasic     Group = "basic"     // name, sex, age, village, school, what is owed
	SeeContact   Group = "contact"   // telephones, house-level address
	SeeIdentity  Group = "identity"  // identity numbers
	SeeFamily    Group = "family"    // parents, guardians, carers, where they work
	SeeHealth    Group = "health"    // illness, disability
	SeeNarrative Group = "narrative" // what was found and said on visits
	SeeCase      Group = "case"      // what was reported and found of a child in danger, and what is done
	SeeAudit     Group = "audit"     // who did what
)

// Roles lists all roles in the order help flows.
var Roles = []RoleInfo{
	{VillageDirector, "村（居）儿童主任", "负责本村（社区）儿童：建档、走访、报告、督促签订委托照护协议。", false, []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeHealth, SeeNarrative, SeeCase}},
	{TownshipSupervisor, "乡镇（街道）儿童督导员", "管理本乡镇台账，指导各村儿童主任，处理待核实的数据和逾期任务。", false, []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeHealth, SeeNarrative, SeeCase}},
	{CivilAffairs, "县民政部门", "牵头全县工作：导入名册、核对数据、指导乡镇。", false, []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeHealth, SeeNarrative, SeeCase}},
	{Education, "县教育行政部门", "掌握在校留守儿童和控辍保学情况。", false, []Group{SeeBasic, SeeFamily}},
	{SchoolLeader, "学校负责人", "掌握本校留守学生情况，落实学校职责。", false, []Group{SeeBasic, SeeContact, SeeFamily, SeeCase}},
	{ClassTeacher, "班主任", "联系本班留守学生及其家长。", false, []Group{SeeBasic, SeeContact, SeeFamily}},
	{Police, "公安机关", "接收报告，应急处置；查看身份证号和电话须说明事由，每次查看都留痕。", false, []Group{SeeBasic, SeeContact, SeeIdentity, SeeFamily, SeeCase}},
	{Health, "医疗卫生机构", "强制报告，协助评估。", false, []Group{SeeBasic, SeeHealth, SeeCase}},
	{Relief, "救助保护机构", "临时照料和临时监护。", false, []Group{SeeBasic, SeeContact, SeeFamily, SeeHealth, SeeCase}},
	{MassOrganisation, "群团组织", "开展关爱服务，只看开展活动必需的信息。", false, []Group{SeeBasic}},
	{SocialWorkAgency, "社会工作服务机构", "为名单内的儿童提供专业服务。", false, []Group{SeeBasic, SeeContact, SeeFamily, SeeCase}},
	{Department, "县级部门经办人", "人社、住建、司法、财政、残联等部门的经办人，只看统计数字。", false, []Group{SeeBasic}},
	{Conference, "联席会议办公室", "统筹全县工作，看各条款落实情况和逾期任务。", false, []Group{SeeBasic, SeeAudit}},
	{Supervision, "县督查部门", "督查各单位落实情况，数字可以点开看到明细。", false, []Group{SeeBasic, SeeFamily, SeeAudit}},
	{Guardian, "监护人", "查看自己孩子的档案和走访安排。", false, []Group{SeeBasic, SeeContact, SeeFamily}},
	{SystemAdmin, "系统管理员", "管理机构和系统参数，看不到任何儿童信息。", true, []Group{}},
	{SecurityAdmin, "安全管理员", "管理账号和岗位授权，看不到任何儿童信息。", true, []Group{}},
	{AuditAdmin, "审计管理员", "查看操作日志，看不到任何儿童信息，不能修改任何数据。", true, []Group{SeeAudit}},
}

var roleInfo = func() map[Role]RoleInfo {
	m := make(map[Role]RoleInfo, len(Roles))
	for _, r := range Roles {
		m[r.Role] = r
	}
	return m
}()

// Info describes a role; ok is false for a role that does not exist.
func Info(r Role) (RoleInfo, bool) { i, ok := roleInfo[r]; return i, ok }
