"use strict";

// Renews the page in place: position, opened details and focus stay. When the exporter does not answer,
// the last page stays too, says so, and its tiles turn grey.
(() => {
  const seconds = Number(document.documentElement.dataset.refresh);
  const banner = document.getElementById("lost");
  let lastAnswer = new Date();

  const opened = () => [...document.querySelectorAll("details[open]")].map((details) => details.dataset.key);

  function show(fresh) {
    const open = new Set(opened());
    const focus = document.activeElement && document.activeElement.getAttribute("href");
    const x = window.scrollX;
    const y = window.scrollY;
    document.querySelector("main").replaceWith(fresh.querySelector("main"));
    document.title = fresh.title;
    for (const details of document.querySelectorAll("details")) {
      details.open = open.has(details.dataset.key);
    }
    const again = focus && [...document.querySelectorAll("main a")].find((link) => link.getAttribute("href") === focus);
    if (again) {
      again.focus({ preventScroll: true });
    }
    window.scrollTo({ left: x, top: y, behavior: "instant" });
  }

  function lost(why) {
    const since = lastAnswer.toISOString().replace("T", " ").slice(0, 19);
    banner.textContent = `No answer from the exporter since ${since} UTC (${why}). What you see is old.`;
    banner.hidden = false;
    document.body.classList.add("lost");
  }

  async function renew() {
    try {
      const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(seconds * 1000) });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !fresh.querySelector("main")) {
        throw new Error(`status ${answer.status}`);
      }
      if (!window.getSelection().isCollapsed) {
        return; // somebody is copying text; the next round renews
      }
      show(fresh);
      lastAnswer = new Date();
      banner.hidden = true;
      document.body.classList.remove("lost");
    } catch (error) {
      lost(error.message);
    } finally {
      setTimeout(renew, seconds * 1000);
    }
  }

  setTimeout(renew, seconds * 1000);
})();
