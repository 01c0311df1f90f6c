const OBJECTS = {
  contact: [
    'city',
    'country',
    'email',
    'firstname',
    'hubspot_owner_id',
    'lastname',
    'lifecyclestage',
    'phone',
    'territory',
    'associatedcompanyid',
    'createdate',
    'hs_object_id',
    'hs_all_assigned_business_unit_ids',
  ],
  company: [
    'country',
    'domain',
    'hubspot_owner_id',
    'industry',
    'name',
    'numberofemployees',
    'phone',
    'hs_parent_company_id',
  ],
  deal: ['amount', 'closedate', 'dealname', 'dealstage', 'hubspot_owner_id'],
} as const
const TASK = ['hs_task_body', 'hs_task_status', 'hs_task_subject', 'hs_timestamp', 'hubspot_owner_id']

/** The webhooks file of an app that somebody wrote by hand with HubSpot's classic types, and the generic ones of tasks. */
export const CLASSIC_SUBSCRIPTIONS = {
  config: {
    subscriptions: {
      legacyCrmObjects: Object.entries(OBJECTS).flatMap(([object, properties]) => [
        ...['creation', 'deletion', 'merge', 'restore', 'associationChange'].map((kind) => ({
          subscriptionType: `${object}.${kind}`,
          active: true,
        })),
        ...properties.map((propertyName) => ({
          subscriptionType: `${object}.propertyChange`,
          propertyName,
          active: true,
        })),
      ]),
      crmObjects: [
        ...['creation', 'deletion'].map((kind) => ({
          subscriptionType: `object.${kind}`,
          objectType: 'task',
          active: true,
        })),
        ...TASK.map((propertyName) => ({
          subscriptionType: 'object.propertyChange',
          objectType: 'task',
          propertyName,
          active: true,
        })),
      ],
      hubEvents: [{ subscriptionType: 'contact.privacyDeletion', active: true }],
    },
  },
}
