/** The same function, asked once for each object as long as that lives: what is worked out of a policy, calendar or shape. */
export function oncePer<Of extends object, Made>(make: (of: Of) => Made): (of: Of) => Made {
  const made = new WeakMap<Of, { readonly is: Made }>()
  return (of) => {
    let known = made.get(of)
    if (known === undefined) {
      known = { is: make(of) }
      made.set(of, known)
    }
    return known.is
  }
}
