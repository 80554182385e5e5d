// A real OpenID provider on loopback for the tests: `node provider.mjs FOLDER REDIRECT_URI HOME`, where
// oidc-provider is installed in FOLDER. Tells its address on the first line, and ends with its input.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, redirect, home] = process.argv.slice(2);
const { default: Provider } = await import(
  pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));

const server = createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: "tessera",
    client_secret: "a secret: with 100% signs",
    redirect_uris: [redirect],
    post_logout_redirect_uris: [home],
  }],
  // Whoever signs in is whom they say they are; nobody is asked for consent.
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: `${id}.of.id`, name: id.toUpperCase() }),
  }),
  claims: { openid: ["sub"], profile: ["name", "preferred_username"] },
  pkce: { required: () => true },
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
  features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
});
server.on("request", provider.callback());
console.log(issuer);
process.stdin.resume().on("end", () => process.exit());
