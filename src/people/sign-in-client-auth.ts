import { type ClientAuth, ClientSecretBasic, ClientSecretPost } from 'openid-client'

/** How we show the provider that we are its client: as it asks for, by the header where it says nothing. */
export function clientAuthentication(secret: string): ClientAuth {
  const [basic, post] = [ClientSecretBasic(secret), ClientSecretPost(secret)]
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const authenticate = methods.includes('client_secret_basic') ? basic : post
    authenticate(server, client, body, headers)
  }
}
