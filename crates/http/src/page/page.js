"use strict";
// Lists of objects by type, made from /api/v1/metadata; nothing here knows a business object.
const texts = {
  en: { language: "Language", theme: "Light / dark", leave: "Sign out", enter: "Sign in", setup: "Set up", reset: "Set password", code: "Code", passkey: "Passkey", addPasskey: "Add a passkey", passkeyName: "Name of the passkey",
    name: "Name", login: "Login", password: "Password", type: "Object type", number: "Number starts with",
    empty: "There is nothing here yet.", more: "Show more", close: "Close", Number: "Number", Changed: "Changed" },
  zh: { language: "语言", theme: "浅色 / 深色", leave: "退出", enter: "登录", setup: "初始设置", reset: "设置密码", code: "验证码", passkey: "通行密钥", addPasskey: "添加通行密钥", passkeyName: "通行密钥的名称",
    name: "姓名", login: "登录名", password: "密码", type: "对象类型", number: "编号前缀",
    empty: "暂无数据。", more: "显示更多", close: "关闭", Number: "编号", Changed: "更改时间" },
};
const $ = (id) => document.getElementById(id);
const setup = new URLSearchParams(location.hash.slice(1)).get("setup");
const reset = new URLSearchParams(location.hash.slice(1)).get("reset");
let language = localStorage.getItem("language") || (navigator.language.startsWith("zh") ? "zh" : "en");
const passkeys = !!window.PublicKeyCredential?.parseRequestOptionsFromJSON;
let metadata, next, turn = 0;

const text = (key) => texts[language][key] || key;

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  $("language").value = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
}

function complain(message) {
  $("message").textContent = message || "";
  $("message").hidden = !message;
}

async function call(method, path, body) {
  const headers = { "X-Requested-With": "page" };
  if (body) headers["Content-Type"] = "application/json";
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  if (response.ok) return answer;
  if (response.status === 401 && path !== "/api/v1/session") show(false);
  throw Object.assign(new Error(answer.detail), { type: answer.type });
}

function guarded(work) {
  return async (event) => {
    complain();
    try { await work(event); } catch (error) { complain(error.message); }
  };
}

function show(inside) {
  $("enter").hidden = inside;
  $("browse").hidden = $("leave").hidden = !inside;
  $("passkey").hidden = !passkeys || !!setup || !!reset;
  $("add-passkey").hidden = !passkeys || !inside;
  $("name-row").hidden = !setup;
  const purpose = setup ? "setup" : reset ? "reset" : "enter";
  for (const element of $("enter").querySelectorAll('h2, button[type="submit"]')) element.dataset.text = purpose;
  $("login-row").hidden = !!reset;
  $("enter").elements.login.required = !reset;
  speak();
  if (!inside) { $("who").textContent = ""; $("enter").elements[reset ? "password" : "login"].focus(); }
}

async function start() {
  const session = await call("GET", "/api/v1/session");
  $("who").textContent = session.login;
  metadata = await call("GET", "/api/v1/metadata");
  // Whoever must have a second factor sees nothing before.
  if (!metadata.objects.length) return show(true);
  const chosen = new URLSearchParams(location.search).get("type");
  $("type").replaceChildren(...metadata.objects.map((object) => new Option(object.label, object.name)));
  // The type with which most can be done is what most people look for.
  const busiest = metadata.objects.reduce((most, object) => object.actions.length > most.actions.length ? object : most);
  const known = metadata.objects.some((object) => object.name === chosen);
  $("type").value = known ? chosen : busiest.name;
  show(true);
  await load(true);
}

const figures = new Set(["int", "decimal", "money", "quantity", "percentage"]);

function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  if ("amount" in value) return `${value.amount} ${value.currency}`;
  if ("unit" in value) return `${value.value} ${value.unit}`;
  return value[language === "zh" ? "zh-Hans" : "en"] || Object.values(value).join(" – ");
}

function cell(tag, content, figure) {
  const element = document.createElement(tag);
  element.append(content);
  if (figure) element.className = "figure";
  return element;
}

// What people call the objects that a page refers to, by id: one request for each type of them.
async function named(object, items) {
  const wanted = new Map();
  for (const field of object.list.filter((field) => field.type === "reference")) {
    const ids = wanted.get(field.object) || new Set();
    for (const item of items) if (item[field.name]) ids.add(item[field.name]);
    wanted.set(field.object, ids);
  }
  const names = new Map();
  await Promise.all([...wanted].map(async ([type, ids]) => {
    const known = metadata.objects.find((candidate) => candidate.name === type);
    if (!known || !ids.size) return;
    const label = known.list.find((field) => field.name === "name");
    const list = [...ids];
    for (let at = 0; at < list.length; at += 100) {
      const query = new URLSearchParams({ "id.in": list.slice(at, at + 100).join(","), limit: 100 });
      const page = await call("GET", `/api/v1/${type}?${query}`);
      for (const row of page.items) names.set(row.id, (label && shown(row.name)) || row.number || row.id.slice(0, 8));
    }
  }));
  return names;
}

async function load(fresh) {
  const mine = ++turn;
  const object = metadata.objects.find((candidate) => candidate.name === $("type").value);
  const query = new URLSearchParams({ limit: 50 });
  if ($("number").value) { query.set("number.prefix", $("number").value); query.set("sort", "number"); }
  if (!fresh) query.set("cursor", next);
  const page = await call("GET", `/api/v1/${object.name}?${query}`);
  const names = await named(object, page.items);
  if (mine !== turn) return;
  if (fresh) {
    $("help").textContent = object.help;
    const heads = [cell("th", text("Number")), ...object.list.map((field) => cell("th", field.label, figures.has(field.type))),
      cell("th", text("Changed"))];
    for (const head of heads) head.scope = "col";
    $("columns").replaceChildren(...heads);
    $("rows").replaceChildren();
    history.replaceState(null, "", `?type=${object.name}`);
  }
  for (const item of page.items) {
    const open = cell("button", item.number || item.id.slice(0, 8));
    open.type = "button";
    open.onclick = guarded(() => detail(object, item.id));
    const row = document.createElement("tr");
    row.append(cell("td", open), ...object.list.map((field) => cell("td", names.get(item[field.name]) || shown(item[field.name]), figures.has(field.type))),
      cell("td", new Date(item.changed_at).toLocaleString(document.documentElement.lang)));
    $("rows").append(row);
  }
  next = page.next;
  $("more").hidden = !next;
  $("empty").hidden = $("rows").children.length > 0;
}

async function detail(object, id) {
  const value = await call("GET", `/api/v1/${object.name}/${id}`);
  $("detail-title").textContent = `${object.label} ${value.number || ""}`;
  $("detail-text").textContent = JSON.stringify(value, null, 2);
  $("detail").showModal();
}

$("enter").onsubmit = guarded(async (event) => {
  event.preventDefault();
  const { login, password, name, code } = Object.fromEntries(new FormData(event.target));
  if (setup) {
    await call("POST", "/api/v1/setup", { secret: setup, login, name, password });
    history.replaceState(null, "", "/");
    location.reload();
  } else if (reset) {
    await call("POST", "/api/v1/password-reset", { secret: reset, password });
    history.replaceState(null, "", "/");
    location.reload();
  } else {
    try {
      await call("POST", "/api/v1/session", code ? { login, password, code } : { login, password });
    } catch (error) {
      if (error.type === "/problems/identity.code_needed") { $("code-row").hidden = false; event.target.elements.code.focus(); }
      throw error;
    }
    $("code-row").hidden = true;
    event.target.reset();
    await start();
  }
});
$("passkey").onclick = guarded(async () => {
  const { publicKey } = await call("POST", "/api/v1/session/passkey/begin", {});
  const credential = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
  await call("POST", "/api/v1/session/passkey", credential);
  await start();
});
$("add-passkey").onclick = guarded(async () => {
  const name = prompt(text("passkeyName"));
  if (!name) return;
  const path = `/api/v1/user/${(await call("GET", "/api/v1/session")).user}/passkeys`;
  const { publicKey } = await call("POST", `${path}/begin`, {});
  const credential = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  await call("POST", path, { ...credential.toJSON(), name });
});
$("leave").onclick = guarded(async () => {
  const further = await call("DELETE", "/api/v1/session");
  if (further) location.assign(further.continue_at); else show(false);
});
$("type").onchange = guarded(() => { $("number").value = ""; return load(true); });
$("number").oninput = guarded(() => load(true));
$("more").onclick = guarded(() => load(false));
$("language").onchange = (event) => {
  language = event.target.value;
  localStorage.setItem("language", language);
  speak();
  if (metadata && !$("browse").hidden) load(true).catch((error) => complain(error.message));
};
$("theme").onclick = () => {
  const dark = getComputedStyle(document.documentElement).colorScheme === "dark"
    || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", document.documentElement.dataset.theme);
};
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
speak();
// Other ways to sign in: a link for each identity provider.
async function offer() {
  const { items } = await call("GET", "/api/v1/oidc");
  $("providers").replaceChildren(...items.map(({ code, name }) => {
    const link = cell("a", name);
    link.href = `/api/v1/oidc/${code}/start`;
    return link;
  }));
}

if (!setup && !reset) offer().catch((error) => complain(error.message));
if (setup || reset) show(false); else start().catch(() => show(false));
