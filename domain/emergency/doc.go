// Package emergency is what the police do first for a child in danger (应急处置
// 机制): they come, stop what harms, find the parents or a place to stay, search
// for who is lost, keep the evidence, and tell the township, whose assessment
// begins with that notice.
//
// The kinds of record and the playbook of each situation stand in the pack
// (cases/emergency.yaml); package casework writes them. What is here is who may
// write them, and what data cannot say: the broadcast of a search and the
// poster, the one page that shows a child to the public.
//
// Clauses 四.二.1 to 四.二.3, 四.二.5, 四.二.6, 四.二.8 to 四.二.10 and 四.二.12
// to 四.二.15.
package emergency
