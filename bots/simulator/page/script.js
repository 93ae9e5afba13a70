"use strict";
const state = { place: "", person: "", thread: null, editing: null, version: -1 };
const at = (id) => document.getElementById(id);

async function act(name, fields) {
  const body = new FormData();
  for (const [key, value] of Object.entries({ place: state.place, person: state.person, ...fields }))
    for (const one of [value].flat()) if (one !== null && one !== undefined) body.append(key, one);
  const answer = await fetch("/do/" + name, { method: "POST", body });
  at("trouble").textContent = answer.ok ? "" : await answer.text();
  return answer.ok;
}

function target(thread, editing, words) {
  Object.assign(state, { thread, editing });
  at("to").textContent = editing ? "Editing a message (Escape to cancel)" : thread ? "Replying (Escape to cancel)" : "";
  if (words !== undefined) at("text").value = words;
  at("text").focus();
}

async function follow() {
  for (;;) {
    try {
      const asked = new URLSearchParams({ place: state.place, person: state.person, since: state.version });
      const answer = await fetch("/view?" + asked);
      if (!answer.ok) throw new Error(await answer.text());
      const view = await answer.json();
      if (view.place !== state.place && state.place) continue;
      Object.assign(state, { place: view.place, version: view.version });
      const main = at("conversation"), low = main.scrollHeight - main.scrollTop - main.clientHeight < 80;
      main.innerHTML = view.conversation;
      at("places").innerHTML = view.places;
      if (at("form").dataset.shape !== view.form) { at("form").innerHTML = view.form; at("form").dataset.shape = view.form; }
      if (low) main.scrollTop = main.scrollHeight;
    } catch (error) {
      at("trouble").textContent = "The simulator does not answer: " + error.message;
      await new Promise((done) => setTimeout(done, 1000));
    }
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const article = button.closest("article");
  if (button.dataset.place) Object.assign(state, { place: button.dataset.place, version: -1 }), target(null, null);
  else if (button.dataset.dismiss !== undefined) await act("dismiss", {});
  else if (button.dataset.key) await act("press", { id: article.dataset.id, key: button.dataset.key, choice: button.dataset.choice || "" });
  else if (button.dataset.act === "reply") target(article.dataset.id, null);
  else if (button.dataset.act === "edit") target(null, article.dataset.id, article.querySelector(".text").innerText);
  else if (button.dataset.act) await act(button.dataset.act, { id: article.dataset.id });
});
document.addEventListener("change", async (event) => {
  if (event.target.id === "person") Object.assign(state, { person: event.target.value, place: "", version: -1 });
  else if (event.target.dataset.key && event.target.value)
    await act("press", { id: event.target.closest("article").dataset.id, key: event.target.dataset.key, choice: event.target.value });
});
document.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (event.target.classList.contains("sheet")) {
    const values = JSON.stringify(Object.fromEntries(new FormData(event.target)));
    await act("fill", { values });
    return;
  }
  const text = at("text").value, files = [...at("files").files];
  if (!text.trim() && !files.length) return;
  const done = state.editing ? await act("edit", { id: state.editing, text }) : await act("write", { text, thread: state.thread, file: files });
  if (done) { at("text").value = ""; at("files").value = ""; target(state.editing ? null : state.thread, null); }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") target(null, null);
  if (event.key === "Enter" && !event.shiftKey && event.target.id === "text") {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});
state.person = at("person").value;
follow();
