/**
 * The SHA-256 of the statements of each migration that has shipped, in order. A database that ran one never runs it
 * again, so neither its text nor its place may change: the next migration corrects it.
 */
export const SHIPPED: readonly { readonly name: string; readonly digest: string }[] = [
  { name: '0001-schema', digest: '7cc527d2206db0eebfac842546cc34cd07a3218491036eda8b7fb107e07297bb' },
  { name: '0002-write-gate', digest: 'e455e6bfc815aabae4ff2a98910c4cf90a36bca4a09893e258f60e4c6aaf2070' },
  { name: '0003-user-checks', digest: 'c40a163adce3151647403b0ab120040edb246f3261ee38790ed9f69e7304ff81' },
  { name: '0004-unknown-inputs', digest: '4d3dce13775de4740e3888d2cd7dbc72973311afcb15b4bf6fd7e47407a0a2aa' },
  { name: '0005-ledger-erasures', digest: '63ac406fb28fdcd4ebdfa5698d71f768f2fa59b12d30b48f9368eaa829d080a6' },
  { name: '0006-erasure-and-quarantine', digest: 'ff0f20556e4ca08fcb541999ec068fba8dc29a9e0f7bd67f5dc8ac677aeb56f5' },
  { name: '0007-baseline-events', digest: 'd88da070910bc4175f3273dd47199e12bcf504ff0c2b63962a9ff25229c8e08b' },
  { name: '0008-unseen-records', digest: '07ba0ec113d4d546b94a4ee02df9143c34ef0d001f75ce6086c35de3bfb70acb' },
  { name: '0009-backlog-and-wake-ups', digest: '95a49255019cfc795d9ceffa45e9204feb6101770fa8fd6ef5982e767838e1c8' },
  { name: '0010-task-anchors', digest: 'fb7aa5499b3837fda3a7b1ad3fc0c2da42e9e78f9d6598eed8d1c40ef0589c21' },
  { name: '0011-true-figures', digest: '207aeaf9c26e995fe52968d079603781d4f91888e5939457f83624f6084b5532' },
  { name: '0012-owner-loops', digest: '24c2f31c683a1374d9af6e81c77ed574b5d67507f0162de3ea4c001f01654ae3' },
  { name: '0013-task-texts', digest: '5edd6842b501ccc996c67639cd8fcedcd101d88191d8e250d26253a27a07a9be' },
  { name: '0014-task-follow-ups', digest: 'f1257dbedddc5d52de0a4b7573c53dbcb797d18f54ae6bc5d0b423da99abce57' },
  { name: '0015-per-connection', digest: 'ad25d4a8e1cfad3d50f6e372c18ce045ca2f017c38a589a811af5ab1464fdd09' },
  { name: '0016-plans-and-counts', digest: '682d8db410402a23b73c602fb55bd027df68a83fd644a95a3b7d4c942d073697' },
  { name: '0017-match-key-versions', digest: '2c3f373c365d4c64959fa28ed1a54c3e73d80642822c8f2b0718de02a40dc4fd' },
  { name: '0018-field-standing', digest: '9655764e65b48acf718211f4c75c577461801b548d2a0d6f4ce2716aea02c221' },
  { name: '0019-quiet-tasks', digest: 'c982694b55bfe1230fa77fbf45ab177fbeb2137c38488c051f3dad20479014a1' },
  { name: '0020-integration-users', digest: 'da1bcb3b8290697a7edb7bab2774f599b50e60e337b88de5a32c5c0abf39d8a8' },
  { name: '0021-home-currency', digest: '51c7b054ac4ca364396657cbd18e91f82ae1296294bdc6b7d7943c9f589836c8' },
  { name: '0022-upgrade-reports', digest: '26214047538de17e8ea111eeb64186536d76cc40bef3dc452f6bdcbe9b7ac89b' },
  { name: '0023-changed-facts', digest: '4db214327165081fba8b2191b30b76ba44bf5671a6f2f4362c307717c47a93da' },
  { name: '0024-permit-order', digest: 'b7ff62eff08d101fd5fb89039fd1372cb218d37ad11994855856a393f1e91595' },
]
