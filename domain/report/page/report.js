// Where scripts run: the work for the fast lane is done while the person
// writes; what is sent is sent again by itself when the line breaks; Esc leaves
// the page at once. Nothing is kept in the browser.
"use strict";
(() => {
  const elsewhere = "https://www.weather.com.cn/";
  const leave = () => { document.body.replaceChildren(); location.replace(elsewhere); };
  for (const a of document.querySelectorAll("[data-leave]")) a.addEventListener("click", (e) => { e.preventDefault(); leave(); });
  addEventListener("keydown", (e) => { if (e.key === "Escape") leave(); });
  const form = document.querySelector("form[data-send]");
  if (!form) return;

  const work = (async () => {
    if (!globalThis.crypto?.subtle) return "";
    const ticket = form.elements.ticket.value, text = new TextEncoder();
    for (let n = 0; n < 1 << 20; n++) {
      const sum = new DataView(await crypto.subtle.digest("SHA-256", text.encode(ticket + ":" + n)));
      if (sum.getUint32(0) >>> 18 === 0) return String(n);
    }
    return "";
  })();

  // On the page that looks like nothing it says no more than any page would.
  const quiet = form.dataset.send === "quiet";
  const state = document.querySelector("[data-state]");
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    state.textContent = quiet ? "正在保存……" : "正在发送……";
    form.elements.work.value = await Promise.race([work, new Promise((r) => setTimeout(r, 8000, ""))]);
    const body = new URLSearchParams(new FormData(form));
    for (let again = 0; again < 6; again++) {
      try {
        const answer = await fetch(form.action, { method: "POST", body, signal: AbortSignal.timeout(30000) });
        if (answer.status !== 503) {
          const page = new DOMParser().parseFromString(await answer.text(), "text/html");
          document.body.replaceChildren(...page.body.childNodes);
          scrollTo(0, 0);
          document.querySelector("h1,[role=alert]")?.focus?.();
          for (const a of document.querySelectorAll("[data-leave]")) a.addEventListener("click", (ev) => { ev.preventDefault(); leave(); });
          return;
        }
      } catch { /* the line broke: once more */ }
      state.textContent = quiet ? "还没有保存上，正在重试……" : "还没有送到，正在重试（第 " + (again + 2) + " 次）……请不要关闭页面。情况紧急请直接拨打 110。";
      await new Promise((r) => setTimeout(r, 2000 * (again + 1)));
    }
    button.disabled = false;
    state.textContent = quiet ? "没有保存上，请过一会儿再点保存。" : "没有送到。您写的内容还在，请换个有信号的地方再点提交；情况紧急请直接拨打 110。";
  });
})();
