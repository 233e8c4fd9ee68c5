package report

import "shouwang/platform/authz"

// mandated are the posts that must report what they see (四.一.1).
var mandated = []authz.Role{
	authz.VillageDirector, authz.TownshipSupervisor, authz.CivilAffairs, authz.Education, authz.SchoolLeader, authz.ClassTeacher,
	authz.Police, authz.Health, authz.Relief, authz.MassOrganisation, authz.SocialWorkAgency, authz.Department,
}

// answering are the offices that answer for a child in danger at their place.
var answering = []authz.Role{authz.Police, authz.TownshipSupervisor, authz.CivilAffairs}

// invited are the posts that a case must invite before they see it.
var invited = []authz.Role{
	authz.Police, authz.VillageDirector, authz.Education, authz.SchoolLeader, authz.ClassTeacher, authz.Health, authz.Relief,
	authz.MassOrganisation, authz.SocialWorkAgency, authz.Department,
}

// Rules of this mechanism. A report is filed by whoever holds a post, about
// any child: nobody is too far away to report. What lies behind a lock is read
// by name (thread.locked), beyond the post.
var Rules = authz.Rules{
	"report.file":     {authz.InRegion(mandated...)},
	"report.own":      {authz.Everyone()},
	"report.accept":   {authz.InRegion(authz.Police), authz.InCase(authz.Police)},
	"report.review":   {authz.InRegion(authz.CivilAffairs)},
	"report.inform":   {authz.InRegion(authz.CivilAffairs, authz.Education)},
	"report.reporter": {authz.Named(authz.Police, authz.CivilAffairs)},
	"report.award":    {authz.InRegion(authz.CivilAffairs, authz.Police)},
	"report.omission": {authz.InRegion(answering...)},
	"report.conclude": {authz.InRegion(authz.CivilAffairs, authz.Education), authz.AtUnit(authz.Health)},
	"agency.change":   {authz.InRegion(authz.SecurityAdmin)},
	"thread.list":     {authz.InRegion(answering...), authz.InCase(invited...)},
	"thread.read":     {authz.InRegion(answering...), authz.InCase(invited...)},
	"thread.change":   {authz.InRegion(answering...), authz.InCase(authz.Police)},
	"thread.attach":   {authz.InRegion(answering...), authz.InCase(invited...)},
	"thread.locked":   {authz.Named(append([]authz.Role{authz.TownshipSupervisor, authz.CivilAffairs}, invited...)...)},
}
