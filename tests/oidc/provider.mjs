// A provider of OpenID Connect that lets in whoever says who he is: node provider.mjs TOOLS PORT CALLBACK SECRET
import { pathToFileURL } from "node:url";

const [tools, port, callback, secret] = process.argv.slice(2);
const { default: Provider } = await import(
    pathToFileURL(`${tools}/node_modules/oidc-provider/lib/index.js`));

const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: [{ client_id: "koppeling-panel", client_secret: secret, redirect_uris: [callback] }],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    // The login is the address: this is no provider of anybody's.
    findAccount: (context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: id, email_verified: true }),
    }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
