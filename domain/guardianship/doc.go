// Package guardianship is what is done about those who fail a child, and for
// the child meanwhile (监护干预机制): admonition, penalties, protection orders,
// care and placements kept apart, and the way to the court.
//
// The kinds of record and the grounds on which guardianship may be revoked
// stand in the pack (cases/guardianship.yaml). What is here is the reading of
// the grounds from what the case has recorded (Assess), and the dossier.
//
// Clauses 四.二.4, 四.二.7, 四.二.11 and 四.四.1 to 四.四.6.
package guardianship
