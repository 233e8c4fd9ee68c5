// Package report is the mandatory report: a child may be in danger, somebody
// says so, and from that moment the child is never lost. 强制报告机制.
//
// A report opens a thread (or joins the child's open one): one child, one line
// from the first report to closure, along which police, township and helpers
// take the next step in turn. While a thread is open somebody named owes that
// step and a clock runs: keep, which looks at every transaction that closes a
// duty of the thread, opens one for the township where no other is left.
//
//	public page ─┐
//	desk, visit ─┼─► File ──► received ──Accept──► accepted ──Answer──► answered
//	hotline     ─┤              │  ▲  └──Decline──► declined ──┘ ▲
//	system, API ─┘          Pass└──┘      (another looks at it)──┘
//
//	thread: received ► responding ► assessing ⇄ assisting ► closed ► (reopened)
//	                   emergency    assessment  assistance
//
// Acknowledged means durable: the sealed copy on the second device and the
// commit come before the receipt. What a report says is sealed under the
// thread's own key; who sent it lies in a compartment under yet another key,
// which names its readers. A thread's lines in the journal have the thread for
// their subject, so a child's own timeline says nothing of it.
//
// Clauses 四.一.1 to 四.一.4. The police accept; the township is told afterwards
// and assesses.
package report
