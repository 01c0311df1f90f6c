/**
 * A generated model of `@hubspot/api-client` as the JSON that travels: instants are ISO text, enums their text, and names
 * such as `_from` lose the underscore that keeps them apart from words of the language.
 */
export type Wire<Model> = Model extends Date
  ? string
  : Model extends string
    ? `${Model}`
    : Model extends readonly (infer Item)[]
      ? readonly Wire<Item>[]
      : Model extends object
        ? { readonly [Name in keyof Model as Name extends `_${infer Plain}` ? Plain : Name]: Wire<Model[Name]> }
        : Model

/**
 * What an answer may hold: the names are the model's, so that a misspelled one does not compile, and each value is
 * checked before it is used, because HubSpot leaves out or spells differently what its descriptions call required.
 */
export type AnswerOf<Model> = { readonly [Name in keyof Wire<Model>]?: unknown }
