import type { ObjectDefinition } from '../catalog/object-definition.ts'
import { ApiError } from './api-error.ts'

/** What the org's own rules and automation do to the rows of a write. */
export const ROW_FAULTS = ['lock', 'duplicate', 'validation-rule', 'flow', 'governor'] as const
export type RowFault = (typeof ROW_FAULTS)[number]

/** A fault from the control path that hits each row of a write. */
export function throwRowFault(rowFault: RowFault | null, object: ObjectDefinition, id: string): void {
  if (rowFault === 'lock') {
    const message = `unable to obtain exclusive access to this record or 1 records: ${id}`
    throw new ApiError(400, 'UNABLE_TO_LOCK_ROW', message, [])
  }
  if (rowFault === 'duplicate') {
    const message = "You're creating a duplicate record. We recommend you use an existing record instead."
    throw new ApiError(400, 'DUPLICATES_DETECTED', message, null, {
      duplicateResult: {
        allowSave: true,
        duplicateRule: `${object.name}s_DR`,
        duplicateRuleEntityType: object.name,
        errorMessage: message,
        matchResults: [
          {
            entityType: object.name,
            errors: [],
            matchEngine: 'ExactMatchEngine',
            matchRecords: [
              {
                additionalInformation: [],
                fieldDiffs: [],
                matchConfidence: 100,
                record: { attributes: { type: object.name }, Id: id },
              },
            ],
            rule: `${object.name}_MR`,
            size: 1,
            success: true,
          },
        ],
      },
    })
  }
  if (rowFault === 'validation-rule') {
    const message = `A ${object.label} of this region needs a manager's approval.`
    throw new ApiError(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message, [])
  }
  if (rowFault === 'flow') {
    const message = `We can't save this record because the "${object.name} routing" process failed. Give your Salesforce admin these details. FIELD_CUSTOM_VALIDATION_EXCEPTION`
    throw new ApiError(400, 'CANNOT_EXECUTE_FLOW_TRIGGER', message, [])
  }
  if (rowFault === 'governor') {
    const message = `${object.name}Trigger: execution of BeforeUpdate caused by: System.LimitException: Too many SOQL queries: 101`
    throw new ApiError(400, 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY', message, [])
  }
}
